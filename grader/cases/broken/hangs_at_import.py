# depthwise.py: loops at import
# loses 6: endless loop

while True:
    pass
