@rem cmd.exe has no exec: it finds this file, so that the scripts of package.json work there too.
@%*
