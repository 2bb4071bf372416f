"""One module for each section of the page: the tables in, what its template shows out."""
