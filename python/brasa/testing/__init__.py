"""What the tests and benchmarks of brasa share; plain NumPy that never imports the library.

cases       which shapes are tested and timed
reference   what every op means, in float64
assertions  comparisons with a bound that is derived, not guessed
gradcheck   gradients against central differences
"""
