"""How a page comes about: its address, the scene that facts are read from, the desk that frames them, the shelf."""
