"""What the course provides for the problem set: read it, import it, don't edit it."""
