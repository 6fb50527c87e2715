"""Rules of the trade: values in, values out."""
