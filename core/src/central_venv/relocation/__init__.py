"""Letting the environments of a project that was moved or renamed follow it.

The home gets the name that is the key of the project's new path, and what lies in it is mended. Whoever is killed on
the way leaves a home that says so, and the same command finishes the work:

1. Under the lock of the home, and with the lock of each environment, the home notes where the project was.
2. The home is renamed. If that is refused, nothing was changed. From now on it says another project than it is called
   after, so nobody uses it, and it counts as `unrecorded`, which nothing removes unasked.
3. Each environment's record says `creating`, but keeps when it was made: nobody takes the environment for ready, and it
   is known from one whose making did not end.
4. `project.json` says where the project is.
5. The links in the project lead to the new home, and kernels of Jupyter name it.
6. Each environment is mended and started, and its record says `ready` again, or stays as it is: then every runner makes
   the environment anew.
7. The note goes, unless something is left to be mended.

Of a store that was moved, each home is mended likewise, but keeps its name and its project.
"""
