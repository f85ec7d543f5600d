"""Turn a gradebook into reports for people and services. Every renderer is a pure function of the gradebook."""
