// SPDX-License-Identifier: GPL-2.0-or-later
// Three passes: text to words and operators; those to commands; and names to what variables hold, when they hold
// constants only. What is nested (substitutions, `sh -c`, trap) is read as scripts of their own, with the same names.
#include "chroot-builder/shell_source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace pando::chroot {
namespace {

constexpr size_t depth_limit = 32;    // of scripts in scripts
constexpr size_t values_limit = 16;   // of one variable
constexpr size_t work_limit = 20000;  // nested scripts in one file

template <size_t N>
bool is_among(const std::array<std::string_view, N>& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

// After these a command begins.
constexpr std::array<std::string_view, 11> introducers = {"if", "then", "elif", "else", "while", "until",
                                                          "do", "!",    "{",    "time", "coproc"};
constexpr std::array<std::string_view, 4> closers = {"fi", "done", "esac", "}"};

// What the shell does by itself. `[` and `test` among them: no shell of ours calls the program.
constexpr std::array<std::string_view, 47> builtins = {
    ":",       "[",         "alias",    "bg",      "break",  "builtin", "cd",    "continue", "declare", "dirs",
    "disown",  "echo",      "exit",     "export",  "false",  "fc",      "fg",    "getopts",  "help",    "history",
    "jobs",    "kill",      "let",      "local",   "logout", "mapfile", "popd",  "printf",   "pushd",   "pwd",
    "read",    "readarray", "readonly", "return",  "set",    "shift",   "shopt", "test",     "times",   "true",
    "typeset", "ulimit",    "umask",    "unalias", "unset",  "wait",    "caller"};

// Run the command in their arguments. The program itself is called too, unless the shell does it.
constexpr std::array<std::string_view, 3> inner_runners = {"exec", "command", "builtin"};
constexpr std::array<std::string_view, 11> runners = {"env",  "nohup", "nice",   "ionice", "setsid", "timeout",
                                                      "sudo", "xargs", "stdbuf", "chrt",   "busybox"};

bool is_name_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool ends_word(char c) {
    return is_blank(c) || c == '\n' || std::string_view(";&|()<>").find(c) != std::string_view::npos;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// A word as the shell would make it, as far as that is known: pieces are constants or variables.
struct Piece {
    std::string text;  // a constant, or the name of a variable
    bool variable = false;
    std::string otherwise;  // ${name:-otherwise}
};

struct Token {
    enum class Kind { word, symbol } kind = Kind::word;
    std::string text;  // as it is written; of a symbol the symbol
    size_t line = 0;
    std::vector<Piece> pieces;  // of a word
    bool known = true;          // false: something in it is neither a constant nor a plain variable
    bool quoted = false;        // something in it is quoted: no reserved word

    bool is(std::string_view symbol) const { return kind == Kind::symbol && text == symbol; }
    // The text when the word holds no variable.
    std::optional<std::string> constant() const {
        if (kind != Kind::word || !known) return std::nullopt;
        std::string all;
        for (const Piece& piece : pieces) {
            if (piece.variable) return std::nullopt;
            all += piece.text;
        }
        return all;
    }
    bool is_word(std::string_view word) const { return kind == Kind::word && !quoted && text == word; }
};

struct Nested {
    std::string text;
    size_t line = 1;
    size_t depth = 0;
};

class Lexer {
public:
    Lexer(const Nested& script, std::vector<Nested>& nested)
        : text_(script.text), line_(script.line), depth_(script.depth), nested_(nested) {}

    std::vector<Token> tokens() {
        while (at_ < text_.size()) read_one();
        return std::move(tokens_);
    }

private:
    char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
    bool looking_at(std::string_view what) const { return std::string_view(text_).substr(at_, what.size()) == what; }
    char take() {
        if (text_[at_] == '\n') ++line_;
        return text_[at_++];
    }
    void add_symbol(std::string_view symbol) {
        tokens_.push_back({.kind = Token::Kind::symbol, .text = std::string(symbol), .line = line_});
        for (size_t i = 0; i < symbol.size(); ++i) take();
    }
    void nest(std::string text, size_t line) {
        if (depth_ < depth_limit) nested_.push_back({std::move(text), line, depth_ + 1});
    }

    void read_one() {
        const char c = peek();
        if (is_blank(c)) {
            take();
        } else if (looking_at("\\\n")) {
            take();
            take();
        } else if (c == '#') {
            while (at_ < text_.size() && peek() != '\n') take();
        } else if (c == '\n') {
            add_symbol("\n");
            read_here_documents();
        } else if (c == '<' || c == '>' || looking_at("&>")) {
            read_redirection();
        } else if (c == '(' && looking_at("((") && begins_command()) {
            skip_arithmetic();
        } else {
            for (std::string_view symbol : {";;&", ";;", ";&", "&&", "||", "|&", ";", "&", "|", "(", ")"})
                if (looking_at(symbol)) return add_symbol(symbol);
            read_word();
        }
    }

    bool begins_command() const { return tokens_.empty() || tokens_.back().kind == Token::Kind::symbol; }

    void skip_arithmetic() {
        const size_t before = at_;
        const size_t line = line_;
        const std::string inside = read_parentheses();
        if (inside.ends_with(')')) return;
        at_ = before;  // two subshells, one in the other
        line_ = line;
        add_symbol("(");
    }

    // From "(" to the ")" that closes it; what is between them.
    std::string read_parentheses() {
        take();
        const size_t begin = at_;
        for (size_t depth = 1; at_ < text_.size();) {
            const char c = peek();
            if (c == '\\') {
                take();
                if (at_ < text_.size()) take();
            } else if (c == '\'') {
                skip_to('\'');
            } else if (c == '"') {
                skip_double_quotes();
            } else if (c == '#' && at_ > begin && (is_blank(text_[at_ - 1]) || text_[at_ - 1] == '\n')) {
                while (at_ < text_.size() && peek() != '\n') take();
            } else if (c == ')' && --depth == 0) {
                const std::string inside = text_.substr(begin, at_ - begin);
                take();
                return inside;
            } else {
                if (c == '(') ++depth;
                take();
            }
        }
        return text_.substr(begin);
    }

    void skip_to(char quote) {
        take();
        while (at_ < text_.size() && peek() != quote) take();
        if (at_ < text_.size()) take();
    }

    void skip_double_quotes() {
        take();
        while (at_ < text_.size() && peek() != '"') {
            if (peek() == '\\' && at_ + 1 < text_.size()) take();
            if (looking_at("$("))
                (void)(take(), read_parentheses());
            else
                take();
        }
        if (at_ < text_.size()) take();
    }

    void read_redirection() {
        if (looking_at("<(") || looking_at(">(")) {  // a process in place of a file
            take();
            const size_t line = line_;
            nest(read_parentheses(), line);
            return;
        }
        // The number of a descriptor stands before it without a blank; it is no word of the command.
        if (!tokens_.empty() && at_ > 0 && text_[at_ - 1] == tokens_.back().text.back() &&
            tokens_.back().kind == Token::Kind::word && !tokens_.back().quoted &&
            std::all_of(tokens_.back().text.begin(), tokens_.back().text.end(),
                        [](char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }))
            tokens_.pop_back();
        const bool here = looking_at("<<") && !looking_at("<<<");
        std::string symbol;
        while (at_ < text_.size() && std::string_view("<>&|-").find(peek()) != std::string_view::npos &&
               symbol.size() < 3)
            symbol += take();
        while (is_blank(peek())) take();
        if (at_ >= text_.size() || peek() == '\n' || symbol.ends_with('-')) {
            if (!here || peek() == '\n') return;
        }
        const size_t before = tokens_.size();
        if (!ends_word(peek())) read_word();
        if (tokens_.size() == before) return;
        if (here) documents_.push_back({tokens_.back(), symbol == "<<-"});
        tokens_.pop_back();  // the file's name
    }

    void read_here_documents() {
        for (const auto& [delimiter, indented] : std::exchange(documents_, {})) {
            std::string name;
            for (const Piece& piece : delimiter.pieces) name += piece.text;
            const size_t first = line_;
            std::string body;
            while (at_ < text_.size()) {
                const size_t end = std::min(text_.find('\n', at_), text_.size());
                std::string_view one = std::string_view(text_).substr(at_, end - at_);
                at_ = std::min(end + 1, text_.size());
                ++line_;
                if (indented) one.remove_prefix(std::min(one.find_first_not_of('\t'), one.size()));
                if (one == name) break;
                body += std::string(one) + "\n";
            }
            if (!delimiter.quoted) find_substitutions(body, first);
        }
    }

    // In a text that is no command itself.
    void find_substitutions(const std::string& text, size_t line) {
        Lexer inner({text, line, depth_}, nested_);
        Token ignored;
        while (inner.at_ < inner.text_.size()) {
            if (inner.peek() == '\\' && inner.at_ + 1 < inner.text_.size()) {
                inner.take();
                inner.take();
            } else if (inner.peek() == '$') {
                inner.read_dollar(ignored);
            } else if (inner.peek() == '`') {
                inner.read_backticks(ignored);
            } else {
                inner.take();
            }
        }
    }

    static void append(Token& word, char c) {
        if (word.pieces.empty() || word.pieces.back().variable) word.pieces.push_back({});
        word.pieces.back().text += c;
    }

    void read_word() {
        Token word;
        word.line = line_;
        const size_t begin = at_;
        while (at_ < text_.size() && !ends_word(peek())) {
            const char c = peek();
            if (c == '\\') {
                take();
                if (at_ >= text_.size()) break;
                const char escaped = take();
                word.quoted = true;
                if (escaped != '\n') append(word, escaped);
            } else if (c == '\'') {
                take();
                word.quoted = true;
                while (at_ < text_.size() && peek() != '\'') append(word, take());
                if (at_ < text_.size()) take();
            } else if (c == '"') {
                read_double_quotes(word);
            } else if (c == '$') {
                read_dollar(word);
            } else if (c == '`') {
                read_backticks(word);
            } else {
                if (c == '*' || c == '?' || (c == '[' && at_ > begin)) word.known = false;  // a pattern for file names
                append(word, take());
            }
        }
        word.text = text_.substr(begin, at_ - begin);
        if (word.text.ends_with('=') && peek() == '(') (void)read_parentheses();  // an array
        if (word.pieces.empty() && word.quoted) word.pieces.push_back({});
        tokens_.push_back(std::move(word));
    }

    void read_double_quotes(Token& word) {
        take();
        word.quoted = true;
        while (at_ < text_.size() && peek() != '"') {
            const char c = peek();
            if (c == '\\' && at_ + 1 < text_.size()) {
                take();
                const char escaped = take();
                if (std::string_view("$`\"\\\n").find(escaped) == std::string_view::npos) append(word, '\\');
                if (escaped != '\n') append(word, escaped);
            } else if (c == '$') {
                read_dollar(word);
            } else if (c == '`') {
                read_backticks(word);
            } else {
                append(word, take());
            }
        }
        if (at_ < text_.size()) take();
    }

    void read_backticks(Token& word) {
        const size_t line = line_;
        take();
        std::string inside;
        while (at_ < text_.size() && peek() != '`') {
            if (peek() == '\\' && at_ + 1 < text_.size() &&
                std::string_view("`$\\").find(peek(1)) != std::string_view::npos)
                take();
            inside += take();
        }
        if (at_ < text_.size()) take();
        word.known = false;
        nest(std::move(inside), line);
    }

    void read_dollar(Token& word) {
        const size_t line = line_;
        take();
        const char c = peek();
        if (looking_at("((")) {
            (void)read_parentheses();
            word.known = false;
        } else if (c == '(') {
            word.known = false;
            nest(read_parentheses(), line);
        } else if (c == '{') {
            read_braces(word);
        } else if (std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_') {
            std::string name;
            while (at_ < text_.size() && is_name_character(peek())) name += take();
            word.pieces.push_back({name, true, {}});
        } else if (c != '\0' && (std::isdigit(static_cast<unsigned char>(c)) != 0 ||
                                 std::string_view("@*#?$!-").find(c) != std::string_view::npos)) {
            take();
            word.known = false;
        } else {
            append(word, '$');
        }
    }

    // ${name}, ${name:-constant}; all others are not known.
    void read_braces(Token& word) {
        take();
        const size_t begin = at_;
        size_t depth = 1;
        const size_t line = line_;
        while (at_ < text_.size()) {
            if (peek() == '\\' && at_ + 1 < text_.size()) {
                take();
            } else if (peek() == '{') {
                ++depth;
            } else if (peek() == '}' && --depth == 0) {
                break;
            }
            take();
        }
        const std::string inside = text_.substr(begin, at_ - begin);
        if (at_ < text_.size()) take();
        size_t end = 0;
        while (end < inside.size() && is_name_character(inside[end])) ++end;
        const std::string name = inside.substr(0, end);
        std::string rest = inside.substr(end);
        if (rest.starts_with(':')) rest.erase(0, 1);
        if (rest.find_first_of("$`") != std::string::npos) find_substitutions(rest, line);
        const bool plain = rest.empty() || ((rest.starts_with('-') || rest.starts_with('=')) &&
                                            rest.find_first_of("$`\"'\\") == std::string::npos);
        if (name.empty() || !plain)
            word.known = false;
        else
            word.pieces.push_back({name, true, rest.empty() ? "" : rest.substr(1)});
    }

    std::string text_;
    size_t at_ = 0;
    size_t line_;
    size_t depth_;
    std::vector<Nested>& nested_;
    std::vector<Token> tokens_;
    std::vector<std::pair<Token, bool>> documents_;  // delimiters of those that begin on the next line
};

class Reader {
public:
    ShellSource read(std::string_view text) {
        work_.push_back({std::string(text), 1, 0});
        for (size_t i = 0; i < work_.size() && i < work_limit; ++i) {
            const Nested script = work_[i];  // a copy: what is nested in it is appended meanwhile
            read_commands(Lexer(script, work_).tokens());
        }
        for (const Token& word : commands_) resolve(word, source_.calls, true);
        for (const Token& word : sourced_) resolve(word, source_.sourced, false);
        return std::move(source_);
    }

private:
    using Tokens = std::vector<Token>;

    void read_commands(const Tokens& tokens) {
        size_t cases = 0;      // depth of `case`
        bool pattern = false;  // of the innermost
        bool command = true;   // may one begin here?
        for (size_t at = 0; at < tokens.size(); ++at) {
            const Token& token = tokens[at];
            if (pattern) {
                if (token.is_word("esac")) {
                    pattern = false;
                    --cases;
                    command = false;
                } else if (token.is(")")) {
                    pattern = false;
                    command = true;
                }
                continue;
            }
            if (token.kind == Token::Kind::symbol) {
                command = token.text != ")";
                if (cases > 0 && token.text.starts_with(";") && token.text != ";") pattern = true;
                continue;
            }
            if (!command) continue;
            if (is_reserved(token, introducers)) continue;
            if (token.is_word("esac") && cases > 0) --cases;
            command = false;
            if (is_reserved(token, closers)) continue;
            if (token.is_word("case")) {
                while (at + 1 < tokens.size() && !tokens[at + 1].is_word("in")) ++at;
                ++at;
                ++cases;
                pattern = true;
            } else if (token.is_word("for") || token.is_word("select")) {
                read_loop(tokens, at);
                command = true;
            } else if (token.is_word("[[")) {
                while (at < tokens.size() && !tokens[at].is_word("]]")) ++at;
            } else if (token.is_word("function")) {
                if (at + 1 < tokens.size()) functions_.insert(tokens[++at].text);
                command = true;
            } else if (at + 2 < tokens.size() && tokens[at + 1].is("(") && tokens[at + 2].is(")")) {
                functions_.insert(token.text);
                at += 2;
                command = true;
            } else if (assign(token)) {
                command = true;
            } else {
                read_command(tokens, at);
            }
        }
    }

    template <size_t N>
    static bool is_reserved(const Token& token, const std::array<std::string_view, N>& words) {
        return token.kind == Token::Kind::word && !token.quoted && is_among(words, token.text);
    }

    // for NAME in a b c; the loop's variable holds each of them.
    void read_loop(const Tokens& tokens, size_t& at) {
        const size_t name = at + 1;
        bool values = false;
        while (at + 1 < tokens.size() && !tokens[at + 1].is(";") && !tokens[at + 1].is("\n") &&
               !tokens[at + 1].is_word("do")) {
            ++at;
            if (values) set(tokens[name].text, tokens[at].constant());
            if (at == name + 1 && tokens[at].is_word("in")) values = true;
        }
        if (!values && name < tokens.size()) set(tokens[name].text, std::nullopt);
    }

    // NAME=value
    bool assign(const Token& token) {
        size_t end = 0;
        while (end < token.text.size() && is_name_character(token.text[end])) ++end;
        if (end == 0 || end >= token.text.size() || std::isdigit(static_cast<unsigned char>(token.text[0])) != 0)
            return false;
        if (token.text.compare(end, 2, "+=") == 0) {
            set(token.text.substr(0, end), std::nullopt);
            return true;
        }
        if (token.text[end] != '=') return false;
        Token value = token;
        if (!value.pieces.empty()) value.pieces.front().text.erase(0, end + 1);
        assigned_[token.text.substr(0, end)].push_back(std::move(value));
        return true;
    }

    void set(const std::string& name, std::optional<std::string> value) {
        Token word;
        word.known = value.has_value();
        if (value) word.pieces.push_back({*value, false, {}});
        assigned_[name].push_back(std::move(word));
    }

    static bool ends_command(const Tokens& tokens, size_t at) {
        return at >= tokens.size() || tokens[at].kind == Token::Kind::symbol;
    }

    // `at` is the command's own word.
    void read_command(const Tokens& tokens, size_t& at) {
        const std::string name = tokens[at].constant().value_or("");
        const std::string last = base_name(name);
        if (name == "eval" || name == "trap") return read_code(tokens, at + 1, name == "eval");
        if (name == "." || name == "source") {
            if (!ends_command(tokens, at + 1)) sourced_.push_back(tokens[at + 1]);
            return;
        }
        if (name == "export" || name == "readonly" || name == "local" || name == "declare" || name == "typeset") {
            for (size_t i = at + 1; !ends_command(tokens, i); ++i) (void)assign(tokens[i]);
            return;
        }
        if (name == "read")
            for (size_t i = at + 1; !ends_command(tokens, i); ++i) set(tokens[i].text, std::nullopt);
        if (looks_for_program(tokens, at, name)) return;
        if (is_among(inner_runners, std::string_view(name))) return read_inner(tokens, at);
        commands_.push_back(tokens[at]);
        if (is_shell(last)) {
            for (size_t i = at + 1; !ends_command(tokens, i); ++i)
                if (tokens[i].text.starts_with('-') && tokens[i].text.ends_with('c'))
                    return read_code(tokens, i + 1, true);
        } else if (is_among(runners, std::string_view(last))) {
            read_inner(tokens, at);
        }
    }

    // The command behind `timeout -k 5 10`, `env A=b`, `nice -n 3`, `exec`.
    void read_inner(const Tokens& tokens, size_t& at) {
        for (size_t i = at + 1; !ends_command(tokens, i); ++i) {
            const std::string& text = tokens[i].text;
            const bool number = std::isdigit(static_cast<unsigned char>(text.front())) != 0;
            if (text.starts_with('-') || text.starts_with('+') || number || assign(tokens[i])) continue;
            at = i;
            return read_command(tokens, at);
        }
    }

    bool looks_for_program(const Tokens& tokens, size_t at, const std::string& name) {
        size_t i = at + 1;
        if (name == "command") {
            if (ends_command(tokens, i) || (tokens[i].text != "-v" && tokens[i].text != "-V")) return false;
        } else if (name != "which" && name != "type" && name != "hash") {
            return false;
        }
        for (; !ends_command(tokens, i); ++i)
            if (const auto program = tokens[i].constant(); program && !program->starts_with('-'))
                source_.optional.push_back({*program, tokens[i].line});
        return true;
    }

    void read_code(const Tokens& tokens, size_t at, bool required) {
        if (ends_command(tokens, at)) return;
        const auto code = tokens[at].constant();
        if (code)
            work_.push_back({*code, tokens[at].line, work_.size() < work_limit ? size_t{1} : depth_limit});
        else if (required)
            source_.unknown.push_back({tokens[at].text, tokens[at].line});
    }

    // All that a word can be; nothing when that is not known.
    std::optional<std::set<std::string>> values_of(const Token& word, size_t depth = 0) const {
        if (!word.known || depth > depth_limit / 4) return std::nullopt;
        std::set<std::string> all = {""};
        for (const Piece& piece : word.pieces) {
            std::set<std::string> ends = {piece.text};
            if (piece.variable) {
                ends.clear();
                if (!piece.otherwise.empty()) ends.insert(piece.otherwise);
                const auto known = assigned_.find(piece.text);
                if (known == assigned_.end() && ends.empty()) return std::nullopt;
                if (known != assigned_.end())
                    for (const Token& value : known->second) {
                        const auto inner = values_of(value, depth + 1);
                        if (!inner) return std::nullopt;
                        ends.insert(inner->begin(), inner->end());
                    }
            }
            std::set<std::string> longer;
            for (const std::string& begin : all)
                for (const std::string& end : ends) longer.insert(begin + end);
            if (longer.size() > values_limit) return std::nullopt;
            all = std::move(longer);
        }
        return all;
    }

    void resolve(const Token& word, std::vector<ShellWord>& into, bool is_command) {
        const auto add = [&](std::vector<ShellWord>& list, const std::string& text) {
            const auto same = [&](const ShellWord& one) { return one.text == text; };
            if (std::none_of(list.begin(), list.end(), same)) list.push_back({text, word.line});
        };
        const auto values = values_of(word);
        if (!values) return add(source_.unknown, word.text);
        for (const std::string& value : *values) {
            if (!is_command) {
                add(into, value);
                continue;
            }
            // What was put into one variable with its options: CURL="curl -k".
            const std::string program = value.substr(0, value.find_first_of(" \t\n"));
            if (program.empty() || functions_.contains(program) || is_among(builtins, std::string_view(program)))
                continue;
            add(into, program);
        }
    }

    std::vector<Nested> work_;
    std::vector<Token> commands_;
    std::vector<Token> sourced_;
    std::map<std::string, std::vector<Token>> assigned_;
    std::set<std::string> functions_;
    ShellSource source_;
};

}  // namespace

ShellSource read_shell(std::string_view text) { return Reader().read(text); }

bool is_shell(std::string_view interpreter) {
    constexpr std::array<std::string_view, 5> shells = {"sh", "bash", "dash", "ash", "ksh"};
    return is_among(shells, interpreter);
}

}  // namespace pando::chroot
