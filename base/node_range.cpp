// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/node_range.h"

#include "base/number.h"
#include "base/printable.h"

#include <algorithm>
#include <cctype>
#include <set>

namespace pando {

namespace {

constexpr size_t text_limit = 4096;   // bytes
constexpr size_t name_limit = 64;     // bytes: HOST_NAME_MAX
constexpr unsigned digits_limit = 9;  // a number stays an int

bool is_name_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.';
}

class Reader {
public:
    explicit Reader(std::string_view text) : text_(text) {}

    Result<std::vector<std::string>> run() {
        if (text_.size() > text_limit) return refuse(fmt::format("is longer than {} bytes", text_limit));
        for (;;) {
            TRY(one());
            if (at_ == text_.size()) return std::move(names_);
            ++at_;  // the comma one() stopped at
        }
    }

private:
    // A name, with one bracket at most, up to a comma or the end.
    Result<> one() {
        const std::string head = word();
        if (at_ == text_.size() || text_[at_] == ',') return add(head);
        if (text_[at_] != '[') return refuse(fmt::format("'{}' is in no name of a node", printable({&text_[at_], 1})));
        const size_t end = text_.find(']', at_);
        if (end == std::string_view::npos) return refuse("a bracket is not closed");
        const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        const std::string tail = word();
        if (at_ < text_.size() && text_[at_] == '[') return refuse("a name may have one bracket");
        if (at_ < text_.size() && text_[at_] != ',')
            return refuse(fmt::format("'{}' is in no name of a node", printable({&text_[at_], 1})));
        return numbers(head, inside, tail);
    }

    Result<> numbers(const std::string& head, std::string_view inside, const std::string& tail) {
        for (size_t begin = 0; begin <= inside.size();) {
            const size_t end = std::min(inside.find(',', begin), inside.size());
            const std::string_view part = inside.substr(begin, end - begin);
            begin = end + 1;
            const size_t dash = part.find('-');
            const std::string_view first = part.substr(0, dash);
            const std::string_view last = dash == std::string_view::npos ? first : part.substr(dash + 1);
            const auto low = number(first);
            const auto high = number(last);
            if (!low || !high) return refuse("in a bracket are numbers: [1-8,12]");
            if (*low > *high) return refuse(fmt::format("{} is more than {}", first, last));
            if (*high - *low >= node_range_limit) return too_many();
            const size_t width = first.starts_with('0') ? first.size() : 0;
            for (unsigned n = *low; n <= *high; ++n) TRY(add(fmt::format("{}{:0{}}{}", head, n, width, tail)));
        }
        return {};
    }

    static std::optional<unsigned> number(std::string_view text) {
        if (text.empty() || text.size() > digits_limit) return std::nullopt;
        return whole_number<unsigned>(text);
    }

    std::string word() {
        const size_t begin = at_;
        while (at_ < text_.size() && is_name_character(text_[at_])) ++at_;
        return std::string(text_.substr(begin, at_ - begin));
    }

    Result<> add(const std::string& name) {
        if (name.empty()) return refuse("a name is missing");
        if (name.size() > name_limit) return refuse(fmt::format("a name is longer than {} bytes", name_limit));
        if (std::find(names_.begin(), names_.end(), name) != names_.end()) return {};
        if (names_.size() == node_range_limit) return too_many();
        names_.push_back(name);
        return {};
    }

    Failure refuse(std::string_view why) const {
        return bad_input("range of nodes {}: {}", printable(text_.substr(0, 100)), why)
            .advise("write it like n1,n3 or n[1-8,12]");
    }
    Failure too_many() const { return refuse(fmt::format("names more than {} nodes", node_range_limit)); }

    std::string_view text_;
    size_t at_ = 0;
    std::vector<std::string> names_;
};

}  // namespace

Result<std::vector<std::string>> node_range(std::string_view text) { return Reader(text).run(); }

std::string folded(const std::vector<std::string>& names) {
    // By what stands before the number, and by its width where it has leading zeros.
    struct Family {
        std::string head;
        size_t width;
        std::set<unsigned> numbers;
    };
    std::vector<Family> families;  // one without numbers is a name
    for (const std::string& name : names) {
        const size_t digits = name.size() - (name.find_last_not_of("0123456789") + 1);
        const std::string head = name.substr(0, name.size() - digits), tail = name.substr(name.size() - digits);
        const auto number = digits == 0 || digits > digits_limit ? std::nullopt : whole_number<unsigned>(tail);
        const Family wanted{number ? head : name, number && tail.starts_with('0') ? digits : 0, {}};
        auto family = std::find_if(families.begin(), families.end(), [&](const Family& one) {
            return one.head == wanted.head && one.width == wanted.width && one.numbers.empty() == !number;
        });
        if (family == families.end()) family = families.insert(families.end(), wanted);
        if (number) family->numbers.insert(*number);
    }
    std::string text;
    for (const Family& family : families) {
        if (!text.empty()) text += ',';
        text += family.head;
        std::string inside;
        for (auto it = family.numbers.begin(); it != family.numbers.end();) {
            const unsigned first = *it;
            unsigned last = first;
            while (++it != family.numbers.end() && *it == last + 1) last = *it;
            inside += fmt::format("{}{:0{}}", inside.empty() ? "" : ",", first, family.width);
            if (last != first) inside += fmt::format("-{:0{}}", last, family.width);
        }
        text += family.numbers.size() > 1 ? "[" + inside + "]" : inside;
    }
    return text;
}

}  // namespace pando
