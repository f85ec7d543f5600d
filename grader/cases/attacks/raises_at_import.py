# depthwise: raises KeyboardInterrupt at import
# grade 6.1a 2.1a
# loses 6.1a: can't be imported: KeyboardInterrupt

tried("KeyboardInterrupt at import")
raise KeyboardInterrupt
