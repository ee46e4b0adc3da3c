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

--- What tells files from all others: device, inode, size, when each was written and when it was changed in any way.
-- Files behind a link that leads elsewhere now can have equal times, but not all of this.
local function identifying(paths)
    if #paths == 0 then
        return ":"
    end
    local words = { "--" }
    for _, path in ipairs(paths) do
        table.insert(words, M.quoted(path))
    end
    local files = table.concat(words, " ")
    -- First as the `stat` of GNU and BusyBox takes it, then as that of BSD and macOS.
    local gnu, bsd = "stat -L -c '%d %i %s %Y %Z' " .. files, "stat -L -f '%d %i %z %m %c' " .. files
    return gnu .. " 2>/dev/null || " .. bsd .. " 2>/dev/null || :"
end

--- The true path of the current directory, and three answers at no further cost.
-- @param cache an absolute path, or nil: is it a directory that is this user's own?
-- @param config_root the directory of a configuration, or nil: is the configuration this user's own, for every project?
-- @param paths files: what is said of them is what `M.identities` says
function M.look(cache, config_root, paths)
    local ours = cache and is_ours(cache) or "false"
    local home = config_root and is_home(config_root) or "true"
    local script = "pwd -P" .. told(ours) .. told(home) .. "; " .. identifying(paths)
    local here, private, global, identities = execute(script):match("^(.*)\n(%l+)\n(%l+)\n(.*)$")
    return here, private == "yes", global == "yes", identities
end

--- What tells files from all others that are or will be in their places, as a text; empty if nothing tells.
function M.identities(paths)
    return execute(identifying(paths))
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
