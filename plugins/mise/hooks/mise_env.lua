local activation = require("activation")

--- The variables of the project that the shell is in. Never fails: an error here would break every command of mise.
function PLUGIN:MiseEnv(ctx)
    local found = activation.find(ctx)
    if found == nil then
        return {}
    end
    local variables = {}
    for name, value in pairs(found.env) do
        table.insert(variables, { key = name, value = value })
    end
    -- mise's own cache knows nothing of the current directory.
    return { env = variables, cacheable = false, watch_files = found.watch_files }
end
