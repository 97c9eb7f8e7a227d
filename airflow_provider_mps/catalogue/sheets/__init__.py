"""What stands on contact sheets: the pictures of results and of files of lines, with what is said of them."""
