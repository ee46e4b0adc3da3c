-- What an answer of the command line consists of. Whatever is no answer is never handed on to a shell.

local M = {}

--- The variables that can be exported.
M.EXPORTS = { UV_PROJECT_ENVIRONMENT = true, VIRTUAL_ENV = true, PATH = true, HATCH_DATA_DIR = true }

local function is_table_of(value, holds)
    if type(value) ~= "table" then
        return false
    end
    for key, item in pairs(value) do
        if not holds(key, item) then
            return false
        end
    end
    return true
end

local function is_list_item(index, item)
    return type(index) == "number" and type(item) == "string"
end

local function is_variable(name, text)
    return M.EXPORTS[name] and type(text) == "string" and not text:find("\0", 1, true)
end

local function is_time(path, time)
    return type(path) == "string" and type(time) == "number"
end

local function is_place(value)
    return type(value.environment) == "string" and type(value.record) == "string" and type(value.exists) == "boolean"
end

--- Whether a value is an answer of the schema that this plugin understands.
function M.is_valid(value)
    if type(value) ~= "table" or value.schema ~= 1 then
        return false
    end
    local complete = type(value.active) == "boolean" and type(value.lasting) == "boolean"
    local lists = is_table_of(value.path, is_list_item) and is_table_of(value.watch, is_list_item)
    local tables = is_table_of(value.env, is_variable) and is_table_of(value.inputs, is_time)
    return complete and lists and tables and (not value.active or is_place(value))
end

--- Whether a value tells of a failure to get one.
function M.is_failure(value)
    return type(value) == "table" and type(value.problem) == "string"
end

return M
