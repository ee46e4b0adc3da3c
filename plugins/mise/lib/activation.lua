-- What activates a project's environment, from the command line of central-venv or from what it answered before.
--
-- mise calls `find` twice for each full run, from two machines that share nothing: the file in the cache is what lets
-- the second one, and later runs, do without a call.

local answer = require("answer")
local answers = require("answers")
local program = require("program")
local project = require("project")
local shell = require("shell")

local M = {}

local OPTIONS = { create = "boolean", python = "string", name = "string", export = "table" }
-- Seconds in which the use of an environment is not noted again.
local USE_LASTS = 3600

-- What people who write TOML call Lua's types.
local NAMES = { boolean = "boolean", number = "number", string = "string", table = "list", userdata = "nothing" }

local function fail(message, ...)
    error("`_.central-venv` " .. message:format(...), 0)
end

local function checked(options)
    if options == nil or options == true then
        return {}
    end
    if type(options) ~= "table" then
        fail("is a table, such as `{ create = true }`")
    end
    for key, value in pairs(options) do
        if OPTIONS[key] == nil then
            fail("has no option `%s`: it takes create, python, name and export", tostring(key))
        end
        if type(value) ~= OPTIONS[key] then
            fail("has an option `%s` that is a %s, not a %s", key, NAMES[type(value)], NAMES[OPTIONS[key]])
        end
    end
    for index, name in pairs(options.export or {}) do
        if type(index) ~= "number" or not answer.EXPORTS[name] then
            fail("cannot export `%s`", tostring(name))
        end
    end
    if options.python and options.name then
        fail("takes `python` or `name`, not both: each of them names the environment")
    end
    return options
end

--- The Python as the command line is to be told: a relative path starts at the file that says so, which mise trusts.
local function python_for(options, config_root, global)
    local python = options.python
    if not python:find("/", 1, true) or python:sub(1, 1) == "/" then
        return python
    end
    if global then
        fail("has the relative path `%s` as `python`, in a configuration for every project", python)
    end
    return config_root .. "/" .. python
end

local function words_for(options, directory, named)
    local words = { unpack(program.command()) }
    local function add(...)
        for _, word in ipairs({ ... }) do
            table.insert(words, word)
        end
    end
    add("env", "--shell", "json")
    if named then
        add("--project", directory)
    end
    if options.python then
        add("--python=" .. options.python)
    end
    if options.name then
        add("--env=" .. options.name)
    end
    if options.export then
        add("--export=" .. table.concat(options.export, ","))
    end
    if options.create then
        add("--create")
    end
    return words
end

local function warn(message, how)
    if not how.quiet then
        local line = message:gsub("%c", " ")
        require("log").warn("central-venv: " .. line)
    end
end

--- What is to be asked where, and what is kept of it; nil if there is no project.
-- @param here the true path of the current directory
-- @param config_root the directory of the configuration
-- @param global whether the configuration is the user's own, for every project
local function plan_for(options, here, config_root, global)
    local directory, named = project.find(here, not global and config_root or nil)
    if directory == nil then
        return nil
    end
    local chosen = {}
    for key, value in pairs(options) do
        chosen[key] = value
    end
    if options.python then
        chosen.python = python_for(options, config_root, global)
    end
    local words = words_for(chosen, directory, named)
    local plan = { here = here, global = global, directory = directory, words = words, files = {} }
    if answers.directory() then
        local time, path = program.installed(words[1])
        local key = answers.key(words, directory)
        plan.question = { key = key, program = time, path = path, create = options.create }
        plan.kept = answers.kept(plan.question)
        plan.files = answers.files(plan.question, plan.kept)
    end
    return plan
end

--- What is to be asked, as far as no process has to tell: its files can be looked at with the rest then.
local function guess(options, config_root)
    local here, root = os.getenv("PWD") or "", config_root or ""
    local global = config_root == nil or root == os.getenv("HOME") or root == os.getenv("MISE_GLOBAL_CONFIG_ROOT")
    if not global and not project.is_below(here, root) then -- as with `mise --cd`
        here = root
    end
    local done, plan = pcall(plan_for, options, here, config_root, global)
    return done and plan or nil
end

--- The answer, and the problem that was told just now, if any.
local function ask(plan, options, private, identities, how)
    local told
    if plan.kept and private then
        local found
        found, told = answers.remembered(plan.kept, how.quiet, identities)
        if found ~= nil then
            return found, told
        end
    end
    local asked = os.time()
    local found, notes = program.ask(plan.words, plan.directory, options.create)
    for _, note in ipairs(notes or {}) do
        warn(note, how)
    end
    if plan.question then
        answers.remember(plan.question, found, asked, private)
    end
    return found, told
end

--- What mise has to watch: only what is there, for it runs in full at every prompt for a watched file that is missing.
local function watched(found, directory)
    local files = project.marks(directory)
    if answer.is_failure(found) then
        table.insert(files, answers.user_configuration())
        return files
    end
    for path, time in pairs(found.inputs) do
        if time ~= 0 then
            table.insert(files, path)
        end
    end
    for _, path in ipairs(found.watch) do
        table.insert(files, project.existing(path))
    end
    return files
end

--- Note that an environment is in use, which is what keeps it: the command line notes it only when it is called.
local function note_use(found)
    local time = answers.time_of(found.record)
    if found.exists and time ~= 0 and math.abs(os.time() - time) > USE_LASTS then
        shell.touch(found.record)
    end
end

local function find(ctx, how)
    if ctx.options == false then
        return nil
    end
    local options = checked(ctx.options)
    local plan = not how.quiet and guess(options, ctx.config_root) or nil
    local files = plan and plan.files or {}
    local here, private, global, identities = shell.look(answers.directory(), ctx.config_root, files)
    if plan == nil or plan.here ~= here or plan.global ~= global then
        plan = plan_for(options, here, ctx.config_root, global)
        if plan == nil then
            return nil
        end
        identities = not how.quiet and #plan.files > 0 and shell.identities(plan.files) or ""
    end
    local found, told = ask(plan, options, private, identities, how)
    local activation = { env = {}, path = {}, watch_files = watched(found, plan.directory) }
    if answer.is_failure(found) then
        if found.problem ~= told then
            warn(found.problem, how)
        end
    elseif found.active then
        activation.env, activation.path = found.env, found.path
        if not how.quiet then
            note_use(found)
        end
    end
    return activation
end

--- What activates the environment: `env`, `path` and `watch_files`; nil if there is no project. Never fails.
-- @param ctx what mise hands to a hook
-- @param how `quiet`: say nothing of a failure and note no use, which the other hook does
function M.find(ctx, how)
    how = how or {}
    local done, found = pcall(find, ctx, how)
    if done then
        return found
    end
    warn(tostring(found), how)
    return nil
end

return M
