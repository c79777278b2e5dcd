"""Tables and pages to pictures."""
