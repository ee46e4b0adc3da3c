PLUGIN = {
    name = "central-venv",
    version = "0.1.0",
    description = "Every project's virtual environment from one central store",
    author = "The central-venv contributors",
    license = "MIT",
    minRuntimeVersion = "2026.5.0",
}
