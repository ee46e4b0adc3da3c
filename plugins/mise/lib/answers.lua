-- What the command line answered before, as long as it would answer the same: a file for each project.

local file = require("file")
local json = require("json")
local answer = require("answer")
local shell = require("shell")

local M = {}

-- The user's own says where the environment is; once mise has set it, it names one in the store, and says nothing.
local TOLD = "UV_PROJECT_ENVIRONMENT"

-- The variables that an answer depends on.
local VARIABLES = {
    "CENTRAL_VENV",
    "CENTRAL_VENV_HOME",
    "CENTRAL_VENV_PER_PYTHON",
    "HOME",
    "UV_PYTHON",
    "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
}

-- Seconds for which to remember what `inputs` do not tell everything about: for the second hook of the same run.
local MOMENT = 1
-- … a failure: for that hook, too, and not to warn again at once, for mise may run in full twice for one command.
local WARNING_LASTS = 2
-- … that a call hung, which would keep the user waiting each time.
local SILENCE_LASTS = 300
-- A file that was written less than so many seconds ago may be written again and have the same time.
local SETTLED = 2

--- A directory of the user's by the rules of XDG, or nil if that is nowhere.
local function base(variable, default)
    local directory = os.getenv(variable)
    if directory ~= nil and directory:sub(1, 1) == "/" then
        return directory
    end
    local home = os.getenv("HOME")
    return home ~= nil and home:sub(1, 1) == "/" and home .. "/" .. default or nil
end

--- Where answers are kept, or nil if that is nowhere.
function M.directory()
    local cache = base("XDG_CACHE_HOME", ".cache")
    return cache and cache .. "/central-venv/mise"
end

--- The user's configuration of central-venv, or nil if there is none.
function M.user_configuration()
    local directory = base("XDG_CONFIG_HOME", ".config")
    local path = directory and directory .. "/central-venv/config.toml"
    return path and file.exists(path) and path or nil
end

--- What an answer depends on besides files and the program.
-- @param words what is run
-- @param directory where it is run
function M.key(words, directory)
    local parts = { directory, unpack(words) }
    for _, name in ipairs(VARIABLES) do
        table.insert(parts, name .. "=" .. (os.getenv(name) or ""))
    end
    return table.concat(parts, "\n")
end

-- Lua 5.1 has no integers and no hash: two of these make a name that hardly ever stands for two projects, and the key
-- in the file tells those apart.
local function checksum(text, factor)
    local sum = 7
    for index = 1, #text do
        sum = (sum * factor + text:byte(index)) % 4294967291
    end
    return string.format("%08x", sum)
end

local function path_of(key)
    return M.directory() .. "/" .. checksum(key, 31) .. checksum(key, 131) .. ".json"
end

--- When a file was written, in whole seconds since the epoch; 0 if it is not there.
function M.time_of(path)
    local found, status = pcall(file.stat, path)
    return found and status ~= nil and status.modified or 0
end

local function is_there(environment)
    return file.exists(environment .. "/pyvenv.cfg") or file.exists(environment .. "/conda-meta")
end

--- When each file that an answer depends on was written, links themselves, as mise tells it.
local function times_of(found)
    local times = {}
    for path in pairs(found.inputs) do
        times[path] = M.time_of(path)
    end
    return times
end

--- The files that an answer depends on and that are there, the program among them.
local function files_of(question, found)
    local files = { question.path }
    for path, time in pairs(found.inputs) do
        if time ~= 0 then
            table.insert(files, path)
        end
    end
    table.sort(files)
    return files
end

local function holds(kept, create)
    local age = os.time() - kept.given
    if age < 0 or (kept.lasts ~= nil and age > kept.lasts) then
        return false
    end
    local found = kept.answer
    if answer.is_failure(found) then
        return true
    end
    for path in pairs(found.inputs) do
        if M.time_of(path) ~= kept.times[path] then
            return false
        end
    end
    if not found.active then
        return true
    end
    -- One that is to be created has to be whole: the command line makes a broken one anew.
    local wanted = create and file.exists(found.environment .. "/bin/python") or not create
    return is_there(found.environment) == found.exists and wanted
end

--- Where the user told uv that the environment is; empty if nowhere, or in the store of an answer.
local function told(found)
    local path = os.getenv(TOLD) or ""
    local store = type(found) == "table" and type(found.store) == "string" and found.store .. "/" or nil
    return store ~= nil and path:sub(1, #store) == store and "" or path
end

local function is_valid(kept, question)
    if type(kept) ~= "table" or kept.key ~= question.key or kept.program ~= question.program then
        return false
    end
    if kept.told ~= told(kept.answer) then
        return false
    end
    if type(kept.given) ~= "number" or not (kept.lasts == nil or type(kept.lasts) == "number") then
        return false
    end
    if answer.is_failure(kept.answer) then
        return kept.lasts ~= nil
    end
    return answer.is_valid(kept.answer) and type(kept.times) == "table" and type(kept.identities) == "string"
end

--- What is kept of an earlier answer, or nil if it may have changed, as far as that is told without a process.
-- @param question `key`, as `M.key` says, `program` and `path`, the time and the path of the program, and `create`,
-- whether it may create
function M.kept(question)
    local stream = io.open(path_of(question.key), "r")
    if stream == nil then
        return nil
    end
    local content = stream:read("*a")
    stream:close()
    local decoded, kept = pcall(json.decode, content)
    if not decoded or not is_valid(kept, question) or not holds(kept, question.create) then
        return nil
    end
    return kept
end

--- The files by which an answer that is kept is checked; none if it holds for a moment only.
-- @param question as for `M.kept`
-- @param kept what that returned
function M.files(question, kept)
    return kept ~= nil and kept.lasts == nil and files_of(question, kept.answer) or {}
end

--- What was answered, or nil if that may have changed; and the problem that was told just now, if any.
-- @param kept what `M.kept` returned
-- @param same whether this is still the run that was answered: its first hook has checked the files
-- @param identities what `shell.identities` says of `M.files` now
function M.remembered(kept, same, identities)
    local problem = os.time() - kept.given <= WARNING_LASTS and kept.answer.problem or nil
    if kept.lasts == nil then
        return (same or identities == kept.identities) and kept.answer or nil, problem
    end
    return (same or kept.answer.hung) and kept.answer or nil, problem
end

local function is_settled(found, asked)
    for _, time in pairs(found.inputs) do
        if time > asked - SETTLED then
            return false
        end
    end
    return true
end

--- For how many seconds an answer holds at most; nil for as long as its files are what they were.
local function lasting(found, asked)
    if answer.is_failure(found) then
        return found.hung and SILENCE_LASTS or WARNING_LASTS
    end
    return not (found.lasting and is_settled(found, asked)) and MOMENT or nil
end

--- Remember an answer; where that is impossible, the next run asks again.
-- @param question as for `M.kept`
-- @param found the answer, or a failure
-- @param asked when it was asked for
-- @param private whether `M.directory` is there and this user's own
function M.remember(question, found, asked, private)
    if not private and not shell.make_private(M.directory()) then
        return
    end
    local lasts, times, identities = lasting(found, asked), nil, nil
    if not answer.is_failure(found) then
        times, identities = times_of(found), shell.identities(files_of(question, found))
        if identities == "" and next(times) ~= nil then -- no program tells files apart here
            lasts = MOMENT
        end
    end
    local path = path_of(question.key)
    local unfinished = path .. "." .. checksum(tostring({}) .. os.clock(), 31)
    local stream = io.open(unfinished, "w")
    if stream == nil then
        return
    end
    local written = stream:write(json.encode({
        key = question.key,
        program = question.program,
        told = told(found),
        given = os.time(),
        lasts = lasts,
        times = times,
        identities = identities,
        answer = found,
    }))
    if not (stream:close() and written and os.rename(unfinished, path)) then
        os.remove(unfinished)
    end
end

return M
