std = "lua51"
globals = { "PLUGIN" }
self = false -- mise hands it to every hook
max_line_length = 120
