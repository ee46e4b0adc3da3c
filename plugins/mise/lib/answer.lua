-- What an answer of the command line consists of. Whatever is no answer is never handed on to a shell.

local M = {}

--- The variables that can be exported.
M.EXPORTS = { UV_PROJECT_ENVIRONMENT = true, VIRTUAL_ENV = true, PATH = true, HATCH_DATA_DIR = true }

local function is_list_of_strings(value)
    if type(value) ~= "table" then
        return false
    end
    for index, item in pairs(value) do
        if type(index) ~= "number" or type(item) ~= "string" then
            return false
        end
    end
    return true
end

local function is_environment(value)
    if type(value) ~= "table" then
        return false
    end
    for name, text in pairs(value) do
        if not M.EXPORTS[name] or type(text) ~= "string" or text:find("\0", 1, true) then
            return false
        end
    end
    return true
end

local function is_place(value)
    return type(value.environment) == "string" and type(value.record) == "string" and type(value.exists) == "boolean"
end

local function are_times(value)
    if type(value) ~= "table" then
        return false
    end
    for path, time in pairs(value) do
        if type(path) ~= "string" or type(time) ~= "number" then
            return false
        end
    end
    return true
end

--- Whether a value is an answer of the schema that this plugin understands.
function M.is_valid(value)
    if type(value) ~= "table" or value.schema ~= 1 then
        return false
    end
    local complete = type(value.active) == "boolean" and type(value.lasting) == "boolean"
    local lists = is_list_of_strings(value.path) and is_list_of_strings(value.watch)
    local tables = is_environment(value.env) and are_times(value.inputs)
    return complete and lists and tables and (not value.active or is_place(value))
end

--- Whether a value tells of a failure to get one.
function M.is_failure(value)
    return type(value) == "table" and type(value.problem) == "string"
end

return M
