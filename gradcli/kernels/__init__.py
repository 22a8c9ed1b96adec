"""How arrays are computed: arrays in, arrays out."""
