"""Models as ONNX files, written without any package but NumPy: see ``Model.export``.

``wire`` is the format of Protocol Buffers, ``messages`` what an ONNX file is made of, ``traces``
the forward pass as a list of ops, ``writer`` the graph while it is put together, ``extents`` what
is not known before the data are; ``rules`` has the table that says which nodes each op becomes.
"""
