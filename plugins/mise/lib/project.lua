-- Which project is meant: the rules of the command line, from the directory of the shell upward.

local file = require("file")

local M = {}

local MARKERS = { "pyproject.toml", "tox.ini", "tox.toml", "noxfile.py", "setup.py", "setup.cfg", "mise.toml" }
-- This one alone makes no Python project, which matters where no project asked for an environment.
local OF_ANY_LANGUAGE = "mise.toml"
-- What the command line goes by if there is no marker anywhere.
local LAST_RESORT = ".git"

--- The directory that a path lies in, or nil for the topmost.
function M.parent(path)
    local above = path:match("^(.*)/[^/]+/*$")
    if above == nil then
        return nil
    end
    return above == "" and "/" or above
end

local function join(directory, name)
    return directory:sub(-1) == "/" and directory .. name or directory .. "/" .. name
end

local function has(directory, name)
    return file.exists(join(directory, name))
end

local function is_marked(directory)
    for _, marker in ipairs(MARKERS) do
        if has(directory, marker) then
            return true
        end
    end
    return false
end

local function is_python(directory)
    for _, marker in ipairs(MARKERS) do
        if marker ~= OF_ANY_LANGUAGE and has(directory, marker) then
            return true
        end
    end
    return false
end

--- The nearest directory upward for which a test holds, or nil.
local function nearest(directory, holds)
    while directory ~= nil and not holds(directory) do
        directory = M.parent(directory)
    end
    return directory
end

--- Whether a directory is another one or lies in it, by their paths.
function M.is_below(directory, above)
    return directory == above or directory:sub(1, #above + 1) == above .. "/" or above == "/"
end

--- Where to ask the command line, so that it finds the same project in every directory of it; nil if there is none.
-- @param here the current directory
-- @param config_root the directory of the configuration that asks, or nil for the user's own, which asks for all
-- @return the directory, and whether it has to be named: a configuration's own that nothing else makes a project
function M.find(here, config_root)
    if config_root == nil then
        local found = nearest(here, is_marked)
        return found ~= nil and is_python(found) and found or nil, false
    end
    -- mise runs the tasks of one project in another, too.
    local start = M.is_below(here, config_root) and here or config_root
    local found = nearest(start, is_marked)
    if found ~= nil then
        return found, false
    end
    local last = nearest(start, function(directory)
        return has(directory, LAST_RESORT)
    end)
    return last or config_root, last == nil
end

--- A path, or the nearest directory above that exists.
function M.existing(path)
    return nearest(path, file.exists)
end

--- Those of a directory's files that say what its project is like.
function M.marks(directory)
    local marks = {}
    for _, name in ipairs({ ".python-version", unpack(MARKERS) }) do
        if has(directory, name) then
            table.insert(marks, join(directory, name))
        end
    end
    return marks
end

return M
