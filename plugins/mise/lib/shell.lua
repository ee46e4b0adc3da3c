-- What only a POSIX shell can tell or do.

local execute = require("cmd").exec

local M = {}

--- One word of a shell.
function M.quoted(text)
    return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function is_ours(directory)
    local word = M.quoted(directory)
    return "[ -d " .. word .. " ] && [ -O " .. word .. " ] && [ ! -L " .. word .. " ]"
end

local function is_home(directory)
    local word = M.quoted(directory)
    return "[ " .. word .. ' -ef "${HOME-}" ] || [ ' .. word .. ' -ef "${MISE_GLOBAL_CONFIG_ROOT-}" ]'
end

local function told(condition)
    return "; if " .. condition .. "; then echo yes; else echo no; fi"
end

--- The true path of the current directory, and two answers at no further cost.
-- @param cache an absolute path, or nil: is it a directory that is this user's own?
-- @param config_root the directory of a configuration, or nil: is the configuration this user's own, for every project?
function M.look(cache, config_root)
    local ours = cache and is_ours(cache) or "false"
    local home = config_root and is_home(config_root) or "true"
    local here, private, global = execute("pwd -P" .. told(ours) .. told(home)):match("^(.*)\n(%l+)\n(%l+)\n*$")
    return here, private == "yes", global == "yes"
end

--- Make a directory that is closed to others.
-- @return whether it is there now and this user's own
function M.make_private(directory)
    local done = pcall(execute, "umask 077; mkdir -p -- " .. M.quoted(directory) .. " && " .. is_ours(directory))
    return done
end

--- Give a file the present time; what is no file stays as it is.
function M.touch(path)
    local word = M.quoted(path)
    pcall(execute, "if [ -f " .. word .. " ] && [ ! -L " .. word .. " ]; then touch -c -- " .. word .. "; fi")
end

return M
