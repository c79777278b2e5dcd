"""What was read as documents that other tools open: ALTO, PAGE XML, hOCR and searchable PDF, a file each."""
