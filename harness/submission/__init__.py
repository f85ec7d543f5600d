"""Turn what a student submits into a folder of modules that can be graded."""
