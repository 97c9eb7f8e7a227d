"""The stand-in for COS: buckets and objects, their signatures and their XML."""
