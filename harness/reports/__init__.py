"""From a gradebook to what a person or a service reads. Every renderer is a pure function of the gradebook."""
