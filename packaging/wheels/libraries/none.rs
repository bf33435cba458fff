// cargo wants a file here; nothing is built of it.
