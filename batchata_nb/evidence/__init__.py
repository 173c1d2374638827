"""Where in a document does a value stand? Pure: values and page texts in, citations out."""
