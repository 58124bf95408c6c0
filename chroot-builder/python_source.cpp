// SPDX-License-Identifier: GPL-2.0-or-later
// Two passes: text to statements (tokens with their indentation), then statements to imports. Blocks are followed only
// as far as they decide whether an import happens.
#include "chroot-builder/python_source.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace pando::chroot {
namespace {

struct Token {
    enum class Kind { word, text, symbol } kind;
    std::string value;  // a word, the inside of a string literal, or one character
    bool is(std::string_view what) const { return kind != Kind::text && value == what; }
};

struct Statement {
    size_t indent = 0;
    bool opens_block = false;  // a header such as `if x:`; what follows is deeper, be it on the same line
    std::vector<Token> tokens;
    bool begins(std::string_view word) const { return !tokens.empty() && tokens.front().is(word); }
    bool mentions(std::string_view word) const {
        return std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) { return token.is(word); });
    }
};

bool is_word_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_header_word(const Token& token) {
    static constexpr std::array<std::string_view, 14> words = {"if",    "elif",  "else",  "try",    "except",
                                                               "for",   "while", "with",  "def",    "class",
                                                               "match", "case",  "async", "finally"};
    return token.kind == Token::Kind::word && std::find(words.begin(), words.end(), token.value) != words.end();
}

class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    std::vector<Statement> statements() {
        while (at_ < text_.size()) read_line();
        return std::move(statements_);
    }

private:
    // One logical line: statements with `;` between them, and perhaps the body of a header behind its colon.
    void read_line() {
        size_t indent = read_indent();
        current_ = Statement{indent, false, {}};
        size_t depth = 0;
        bool header = false;
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '#') {
                at_ = std::min(text_.find('\n', at_), text_.size());
            } else if (c == '\n') {
                ++at_;
                if (depth == 0) break;
            } else if (c == '\\' && at_ + 1 < text_.size()) {
                at_ += 2;  // a line that goes on
            } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
                ++at_;
            } else if (c == '"' || c == '\'') {
                current_.tokens.push_back({Token::Kind::text, read_text()});
            } else if (is_word_character(c)) {
                read_word();
                if (current_.tokens.size() == 1) header = is_header_word(current_.tokens.front());
            } else if (c == ';' && depth == 0) {
                ++at_;
                end_statement(indent);
            } else if (c == ':' && depth == 0 && header && !(at_ + 1 < text_.size() && text_[at_ + 1] == '=')) {
                ++at_;
                header = false;
                current_.opens_block = true;
                end_statement(++indent);
            } else {
                if (c == '(' || c == '[' || c == '{') ++depth;
                if ((c == ')' || c == ']' || c == '}') && depth > 0) --depth;
                current_.tokens.push_back({Token::Kind::symbol, std::string(1, c)});
                ++at_;
            }
        }
        end_statement(indent);
    }

    size_t read_indent() {
        constexpr size_t tab = 8;
        size_t indent = 0;
        for (; at_ < text_.size(); ++at_) {
            if (text_[at_] == ' ')
                ++indent;
            else if (text_[at_] == '\t')
                indent = (indent / tab + 1) * tab;
            else if (text_[at_] == '\f')
                indent = 0;
            else
                break;
        }
        return indent * 2;  // even, so that a body behind a colon has a depth of its own in between
    }

    void read_word() {
        const size_t begin = at_;
        while (at_ < text_.size() && is_word_character(text_[at_])) ++at_;
        const std::string word(text_.substr(begin, at_ - begin));
        const bool prefix = word.size() <= 2 && word.find_first_not_of("rRbBuUfF") == std::string::npos;
        if (prefix && at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\''))
            current_.tokens.push_back({Token::Kind::text, read_text()});
        else
            current_.tokens.push_back({Token::Kind::word, word});
    }

    // A string literal; escapes are left as they stand.
    std::string read_text() {
        const char quote = text_[at_];
        const std::string three(3, quote);
        const bool is_long = text_.substr(at_, 3) == three;
        at_ += is_long ? 3 : 1;
        const size_t begin = at_;
        for (; at_ < text_.size(); ++at_) {
            if (text_[at_] == '\\') {
                ++at_;
            } else if (is_long ? text_.substr(at_, 3) == three : text_[at_] == quote || text_[at_] == '\n') {
                break;
            }
        }
        const size_t end = std::min(at_, text_.size());
        if (at_ < text_.size() && text_[at_] == '\n' && !is_long) return std::string(text_.substr(begin, end - begin));
        at_ = std::min(at_ + (is_long ? 3 : 1), text_.size());
        return std::string(text_.substr(begin, end - begin));
    }

    void end_statement(size_t next_indent) {
        if (!current_.tokens.empty()) statements_.push_back(std::move(current_));
        current_ = Statement{next_indent, false, {}};
    }

    std::string_view text_;
    size_t at_ = 0;
    Statement current_;
    std::vector<Statement> statements_;
};

struct Block {
    enum class Kind { plain, condition, attempt, function, never };
    Kind kind = Kind::plain;
    size_t indent = 0;
    size_t first_import = 0;         // of a `try` body; carried along its `except` clauses
    size_t last_import = 0;          // one past it
    std::string loop_variable = {};  // of `for x in ("a", "b"):`
    std::vector<std::string> loop_values = {};
};

class Finder {
public:
    PythonSource find(const std::vector<Statement>& statements) {
        for (const Statement& statement : statements) {
            const Block closed = close_blocks(statement.indent);
            if (statement.opens_block)
                open_block(statement, closed);
            else
                read_statement(statement);
        }
        return std::move(source_);
    }

private:
    // Leaves the blocks that ended before this statement, and returns the last one left at the same depth.
    Block close_blocks(size_t indent) {
        Block closed;
        while (!blocks_.empty() && blocks_.back().indent >= indent) {
            closed = blocks_.back();
            if (closed.kind == Block::Kind::attempt && closed.last_import == 0)
                closed.last_import = source_.imports.size();
            blocks_.pop_back();
        }
        return closed;
    }

    void open_block(const Statement& statement, const Block& before) {
        Block block{.indent = statement.indent};
        if (statement.begins("def") || (statement.begins("async") && statement.mentions("def"))) {
            block.kind = Block::Kind::function;
        } else if (statement.begins("for")) {
            read_loop(statement.tokens, block);
        } else if (statement.begins("try")) {
            block.kind = Block::Kind::attempt;
            block.first_import = source_.imports.size();
        } else if (statement.begins("except")) {
            if (stands_missing_module(statement)) mark_perhaps(before.first_import, before.last_import);
            block.kind = Block::Kind::condition;
            block.first_import = before.first_import;
            block.last_import = before.last_import;
        } else if (statement.begins("if") && statement.mentions("TYPE_CHECKING") && !statement.mentions("not")) {
            block.kind = Block::Kind::never;
        } else if (statement.begins("with") && statement.mentions("ImportError")) {
            block.kind = Block::Kind::condition;  // contextlib.suppress(ImportError)
        } else if (statement.begins("if") && statement.mentions("__name__")) {
            block.kind = Block::Kind::function;  // the main part of a script: not run on import
        } else if (statement.begins("if") || statement.begins("elif") || statement.begins("else") ||
                   statement.begins("case")) {
            block.kind = Block::Kind::condition;
        }
        blocks_.push_back(block);
    }

    static void read_loop(const std::vector<Token>& tokens, Block& block) {
        if (tokens.size() < 4 || !tokens[2].is("in")) return;
        block.loop_variable = tokens[1].value;
        for (size_t i = 3; i < tokens.size(); ++i)
            if (tokens[i].kind == Token::Kind::text) block.loop_values.push_back(tokens[i].value);
    }

    static bool stands_missing_module(const Statement& except) {
        return except.tokens.size() == 1 || except.mentions("ImportError") || except.mentions("ModuleNotFoundError") ||
               except.mentions("Exception") || except.mentions("BaseException");
    }

    void mark_perhaps(size_t first, size_t last) {
        for (size_t i = first; i < std::min(last, source_.imports.size()); ++i)
            if (source_.imports[i].when == Import::When::always) source_.imports[i].when = Import::When::perhaps;
    }

    void read_statement(const Statement& statement) {
        if (statement.begins("import"))
            read_import(statement.tokens);
        else if (statement.begins("from"))
            read_from(statement.tokens);
        else
            read_calls(statement.tokens);
    }

    void add(Import import) {
        import.when = Import::When::always;
        for (const Block& block : blocks_) {
            if (block.kind == Block::Kind::never) return;
            if (block.kind == Block::Kind::function) import.when = Import::When::called;
            if (block.kind == Block::Kind::condition && import.when == Import::When::always)
                import.when = Import::When::perhaps;
        }
        source_.imports.push_back(std::move(import));
    }

    // a.b.c, from `at` on; `at` is left behind it.
    static std::string read_dotted(const std::vector<Token>& tokens, size_t& at) {
        std::string name;
        while (at < tokens.size() && tokens[at].kind == Token::Kind::word && !tokens[at].is("import")) {
            name += tokens[at++].value;
            if (at >= tokens.size() || !tokens[at].is(".")) break;
            name += tokens[at++].value;
        }
        return name;
    }

    void read_import(const std::vector<Token>& tokens) {
        for (size_t at = 1; at < tokens.size(); ++at) {
            Import import;
            import.module = read_dotted(tokens, at);
            if (!import.module.empty()) add(std::move(import));
            while (at < tokens.size() && !tokens[at].is(",")) ++at;
        }
    }

    void read_from(const std::vector<Token>& tokens) {
        Import import;
        size_t at = 1;
        for (; at < tokens.size() && tokens[at].is("."); ++at) ++import.dots;
        import.module = read_dotted(tokens, at);
        if (import.module.empty() && import.dots == 0) return;
        if (at >= tokens.size() || !tokens[at].is("import")) return;  // `yield from`, or a name called "from"
        bool expect_name = true;
        for (++at; at < tokens.size(); ++at) {
            if (tokens[at].is(",") || tokens[at].is("("))
                expect_name = true;
            else if (tokens[at].kind == Token::Kind::word && expect_name) {
                import.names.push_back(tokens[at].value);
                expect_name = false;  // `as other`
            }
        }
        add(std::move(import));
    }

    void read_calls(const std::vector<Token>& tokens) {
        for (size_t i = 0; i + 2 < tokens.size(); ++i) {
            read_dynamic_import(tokens, i);
            read_search_path(tokens, i);
            read_moved(tokens, i);
            read_program(tokens, i);
        }
    }

    static bool is_text(const std::vector<Token>& tokens, size_t at) {
        return at < tokens.size() && tokens[at].kind == Token::Kind::text;
    }

    // __import__("x"), importlib.import_module("x"), also of a variable that loops over constants; and six.moves.x,
    // which is an import in effect.
    void read_dynamic_import(const std::vector<Token>& tokens, size_t at) {
        if ((tokens[at].is("__import__") || tokens[at].is("import_module")) && tokens[at + 1].is("(")) {
            const Token& argument = tokens[at + 2];
            if (argument.kind == Token::Kind::word) {
                for (const Block& block : blocks_)
                    if (block.loop_variable == argument.value)
                        for (const std::string& module : block.loop_values) add({.module = module});
            } else if (argument.kind == Token::Kind::text && !argument.value.starts_with('.')) {
                add({.module = argument.value});
            }
        }
        if (tokens[at].is("six") && tokens[at + 1].is(".") && tokens[at + 2].is("moves")) {
            const std::string module = read_dotted(tokens, at);
            add({.module = module});
        }
    }

    // sys.path.append("/usr/share/fence"), sys.path.insert(0, "…")
    void read_search_path(const std::vector<Token>& tokens, size_t at) {
        if (!tokens[at].is("path") || !tokens[at + 1].is(".")) return;
        size_t text = at + 4;  // path . append ( "…"
        if (tokens[at + 2].is("insert"))
            text += 2;
        else if (!tokens[at + 2].is("append"))
            return;
        if (is_text(tokens, text) && tokens[text].value.starts_with('/'))
            source_.search_paths.push_back(tokens[text].value);
    }

    // subprocess.run(["curl", …]), os.system("curl …"), and fencing's run_command(options, "curl …")
    void read_program(const std::vector<Token>& tokens, size_t at) {
        static constexpr std::array<std::string_view, 11> functions = {
            "run",    "call",  "Popen",  "check_call", "check_output", "getoutput", "getstatusoutput",
            "system", "popen", "execvp", "execv"};
        if (!tokens[at + 1].is("(")) return;
        size_t text = at + 2;
        if (tokens[at].is("run_command")) {
            if (!(text + 1 < tokens.size() && tokens[text].is("options") && tokens[text + 1].is(","))) return;
            text += 2;
        } else if (tokens[at].kind != Token::Kind::word ||
                   std::find(functions.begin(), functions.end(), tokens[at].value) == functions.end() || at == 0 ||
                   !(tokens[at - 1].is(".") || tokens[at].is("Popen") || tokens[at].is("check_output"))) {
            return;
        }
        if (text < tokens.size() && tokens[text].is("[")) ++text;
        if (!is_text(tokens, text)) return;
        const std::string name = tokens[text].value.substr(0, tokens[text].value.find_first_of(" \t"));
        if (!name.empty() &&
            name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./+") ==
                std::string::npos)
            source_.programs.push_back(name);
    }

    // MovedModule("queue", "Queue"), MovedAttribute("urlencode", "urllib", "urllib.parse")
    void read_moved(const std::vector<Token>& tokens, size_t at) {
        if (!tokens[at].is("MovedModule") && !tokens[at].is("MovedAttribute")) return;
        if (!tokens[at + 1].is("(") || !is_text(tokens, at + 2)) return;
        const std::string& name = tokens[at + 2].value;
        std::string module = name;  // when there is no third argument
        size_t commas = 0;
        for (size_t i = at + 3; i < tokens.size() && !tokens[i].is(")"); ++i) {
            if (tokens[i].is(","))
                ++commas;
            else if (commas == 2 && tokens[i - 1].is(","))
                module = is_text(tokens, i) ? tokens[i].value : "";
        }
        if (!module.empty()) source_.moved.emplace_back(name, module);
    }

    std::vector<Block> blocks_;
    PythonSource source_;
};

}  // namespace

PythonSource read_python(std::string_view text) { return Finder().find(Reader(text).statements()); }

}  // namespace pando::chroot
