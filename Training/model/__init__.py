"""The geometric-lift recurrent world model: contract, geometry, networks, training, evaluation, export."""
