"""Moving in: environments in a project's tree are replaced by central ones that hold the same."""
