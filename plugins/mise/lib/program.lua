-- Calls of the command line of central-venv.

local answer = require("answer")
local answers = require("answers")
local shell = require("shell")

local M = {}

-- Seconds that a call may take.
local PATIENCE = 10
local PATIENCE_TO_CREATE = 600
-- Seconds that it has to end once it was asked to.
local GRACE = 8
-- What a shell says by its status.
local CANNOT_RUN, NOT_FOUND = 126, 127

-- mise waits for whoever holds the output of a command, and cannot end one that hangs; not every system has `timeout`.
-- The first line of the output is the status, or `late`. The clock also ends what outlives an interruption; it is
-- told by a signal without a trap of its parent's, which a new process would lose.
local WATCHED = [[
set +o errexit
exec 2>/dev/null
program=
trap 'kill $program; rm -rf "$said"; echo 130; exit 0' HUP INT PIPE QUIT TERM
said=$(mktemp -d) || {
    printf '1\nerror: cannot make a temporary directory\nhint: see to it that TMPDIR can be written\n'
    exit 0
}
program </dev/null >"$said/out" 2>"$said/err" &
program=$!
(
    late=0
    trap 'kill $!; exit $late' USR1
    pause() { sleep 1 & wait $!; }
    while [ $seconds -gt 0 ] && kill -0 $$; do pause; seconds=$((seconds - 1)); done
    late=124
    kill $program
    while [ $grace -gt 0 ] && kill -0 $program; do pause; grace=$((grace - 1)); done
    kill -9 $program
    exit $late
) >/dev/null &
clock=$!
wait $program
status=$?
kill -USR1 $clock
wait $clock
[ $? -eq 124 ] && status=late
echo $status
[ $status = 0 ] && cat "$said/out"
cat "$said/err"
rm -rf "$said"
exit 0
]]

--- The words that start the command line.
function M.command()
    local found, words = pcall(require, "command") -- what `mise-central-venv install` wrote
    return found and words or { "central-venv" }
end

--- When the command line was installed, in seconds since the epoch, and where; 0 and nil if it is not there.
-- @param program the first word of it
function M.installed(program)
    if program:find("/", 1, true) then
        local time = answers.time_of(program)
        return time, time ~= 0 and program or nil
    end
    for directory in (os.getenv("PATH") or ""):gmatch("[^:]+") do
        local path = directory .. "/" .. program
        local time = answers.time_of(path)
        if time ~= 0 then
            return time, path
        end
    end
    return 0, nil
end

local function script(words, seconds)
    local quoted = {}
    for _, word in ipairs(words) do
        table.insert(quoted, shell.quoted(word))
    end
    local limits = "seconds=" .. seconds .. "\ngrace=" .. GRACE .. "\n"
    return "program() { exec " .. table.concat(quoted, " ") .. "; }\n" .. limits .. WATCHED
end

local function failure(problem, hung)
    return { problem = problem, hung = hung }
end

-- What the command line wants the user to know although it did what it was asked: lines behind its answer.
local function notes_in(said)
    local notes = {}
    for note in said:gmatch("\nnote: ([^\n]+)") do
        table.insert(notes, note)
    end
    return notes
end

--- What the command line answers, or a failure; and what it notes besides.
-- @param words the command and its arguments
-- @param directory where it is run
-- @param create whether it may take the time to create an environment
function M.ask(words, directory, create)
    local seconds = create and PATIENCE_TO_CREATE or PATIENCE
    local done, output = pcall(require("cmd").exec, script(words, seconds), { cwd = directory })
    local status, said = tostring(output):match("^(%w+)\n(.*)$")
    if not done or status == nil then
        return failure("cannot run a shell: " .. tostring(output))
    end
    if status == "late" then
        return failure("`" .. words[1] .. "` did not answer within " .. seconds .. " s", true)
    end
    if status ~= "0" then
        return failure(M.reason(words[1], tonumber(status), said))
    end
    local line, rest = said:match("^([^\n]*)(.*)$")
    local decoded, found = pcall(require("json").decode, line)
    if not decoded or not answer.is_valid(found) then
        return failure("`" .. words[1] .. "` gave no answer that this plugin understands; upgrade both")
    end
    return found, notes_in(rest)
end

--- Why a call failed, in one line.
-- @param program the first word of it
-- @param status how it ended
-- @param said what it said on its standard error
function M.reason(program, status, said)
    if status == NOT_FOUND then
        return "`" .. program .. "` is not there: install central-venv, then run `mise-central-venv install`"
    end
    if status == CANNOT_RUN then
        return "`" .. program .. "` cannot be run: repair it, then run `mise-central-venv install`"
    end
    local error, hint, last
    for line in said:gmatch("[^\n]+") do
        local told = line:match("^error: (.*)")
        if told ~= nil then
            error, hint = told, nil
        end
        hint = line:match("^hint: (.*)") or hint
        last = line
    end
    if error ~= nil then
        return hint == nil and error or error .. " (" .. hint .. ")"
    end
    return "`" .. program .. "` failed with status " .. status .. (last == nil and "" or ": " .. last)
end

return M
