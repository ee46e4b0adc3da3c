local activation = require("activation")

--- The directory of the environment's programs, if it is to be found first. Never fails.
function PLUGIN:MisePath(ctx)
    local found = activation.find(ctx, { quiet = true })
    return found ~= nil and found.path or {}
end
