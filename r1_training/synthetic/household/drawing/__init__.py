"""Meshes into views: their triangles, the rasteriser and its kernels, pictures of it all."""
