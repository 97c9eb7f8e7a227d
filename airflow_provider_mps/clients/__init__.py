"""The only modules that import a vendor SDK. Hooks import them inside functions, never at their top."""
