// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/import.h"

#include "base/file.h"
#include "config/document.h"
#include "config/register.h"
#include "config/values.h"

#include <algorithm>
#include <set>

namespace pando::nodes {
namespace {

using config::NodeText;

struct Row {
    size_t line = 0;  // where it begins
    std::vector<std::string> cells;
};

// RFC 4180: cells in quotes may hold commas, line ends and doubled quotes.
class Table {
public:
    Table(std::string_view text, std::string_view file_name) : text_(text), file_name_(file_name) {}

    Result<std::vector<Row>> rows() {
        if (text_.starts_with("\xef\xbb\xbf")) at_ = 3;  // spreadsheets write a byte order mark
        std::vector<Row> rows;
        while (at_ < text_.size()) {
            Row row{line_, {}};
            do row.cells.push_back(TRY(cell()));
            while (take(','));
            if (at_ < text_.size()) end_of_line();
            const bool blank = row.cells.size() == 1 && row.cells.front().empty();
            if (!blank && !row.cells.front().starts_with('#')) rows.push_back(std::move(row));
        }
        return rows;
    }

private:
    bool take(char wanted) {
        if (at_ >= text_.size() || text_[at_] != wanted) return false;
        ++at_;
        return true;
    }
    void end_of_line() {
        take('\r');
        take('\n');
        ++line_;
    }

    Result<std::string> cell() {
        std::string out;
        if (!take('"')) {
            while (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' && text_[at_] != '\r')
                out += text_[at_++];
            const size_t first = out.find_first_not_of(" \t");
            return first == std::string::npos ? "" : out.substr(first, out.find_last_not_of(" \t") - first + 1);
        }
        const size_t begin = line_;
        while (at_ < text_.size()) {
            if (!take('"')) {
                if (text_[at_] == '\n') ++line_;
                out += text_[at_++];
            } else if (take('"')) {
                out += '"';
            } else {
                if (at_ < text_.size() && text_[at_] != ',' && text_[at_] != '\n' && text_[at_] != '\r')
                    return bad_input("{}:{}: text behind the closing quote of a cell", file_name_, line_)
                        .advise("put the whole cell into quotes, and double the quotes in it");
                return out;
            }
        }
        return bad_input("{}:{}: a cell's quote does not end", file_name_, begin).advise("close it");
    }

    std::string_view text_;
    std::string_view file_name_;
    size_t at_ = 0;
    size_t line_ = 1;
};

const std::vector<std::string> plain_columns = {"name", "profile", "uuid", "serial", "asset", "mac", "id", "address"};

Result<> check_columns(const Row& head, std::string_view file_name) {
    std::set<std::string> seen;
    for (const std::string& column : head.cells) {
        const bool known = std::find(plain_columns.begin(), plain_columns.end(), column) != plain_columns.end() ||
                           (column.starts_with("mac.") && column.size() > 4) ||
                           (column.starts_with("fence.") && column.size() > 6);
        if (!known)
            return bad_input("{}:{}: there is no column \"{}\"", file_name, head.line, column)
                .advise(config::suggestion(column, plain_columns) + "; and mac.NIC, fence.OPTION");
        if (!seen.insert(column).second)
            return bad_input("{}:{}: column {} is there twice", file_name, head.line, column)
                .advise("keep one of them");
    }
    if (!seen.contains("name"))
        return bad_input("{}:{}: there is no column name", file_name, head.line)
            .advise("the first line names the columns: name,profile,uuid,serial,asset,mac,id,address,fence.password");
    return {};
}

// Puts one cell where it belongs; the error says what is wrong with its text.
Result<> put(Wanted& wanted, const std::string& column, const std::string& text) {
    NodeText& node = wanted.keys;
    if (column == "name") {
        if (!config::is_host_label(text)) return bad_input("{} is no host name", text).advise("letters, digits and -");
        node["name"] = text;
    } else if (column == "profile") {
        node["profile"] = text;
    } else if (column == "uuid") {
        node["machine"]["uuid"] = TRY(config::parse_uuid(text));
    } else if (column == "serial" || column == "asset") {
        node["machine"][column] = text;
    } else if (column == "mac") {
        NodeText& nics = node["nics"];
        if (nics.is_null()) nics = NodeText::array();
        nics.insert(nics.begin(), NodeText{{"mac", TRY(config::parse_mac(text))}});
    } else if (column.starts_with("mac.")) {
        node["nics"].push_back({{"name", column.substr(4)}, {"mac", TRY(config::parse_mac(text))}});
    } else if (column == "id") {
        node["id"] = TRY(config::parse_number(text, 1, config::highest_claim));
    } else if (column == "address") {
        const std::string bare = text.substr(0, text.find('/'));
        if (bare.size() == text.size())
            TRY(config::parse_ip(text));
        else
            TRY(config::parse_cidr(text));
        wanted.address = text;
    } else {
        node["fence"][0]["options"][column.substr(6)] = text;
    }
    return {};
}

NodeText json_of(const config::Value& value) {
    using Kind = config::Value::Kind;
    if (value.kind == Kind::scalar) return value.text;
    NodeText out = value.kind == Kind::mapping ? NodeText::object()
                   : value.kind == Kind::list  ? NodeText::array()
                                               : NodeText();
    for (const auto& item : value.items) out.push_back(json_of(item));
    for (const auto& entry : value.entries) out[entry.key] = json_of(entry.value);
    return out;
}

}  // namespace

Result<std::vector<Wanted>> parse_csv(std::string_view text, std::string_view file_name) {
    const auto rows = TRY(Table(text, file_name).rows());
    if (rows.size() < 2)
        return bad_input("{} has no node in it", file_name)
            .advise("a first line with the columns' names, then a line for each node");
    const Row& head = rows.front();
    TRY(check_columns(head, file_name));
    std::vector<Wanted> all;
    for (size_t i = 1; i < rows.size(); ++i) {
        const Row& row = rows[i];
        Wanted wanted{.keys = NodeText::object(), .origin = fmt::format("{}:{}", file_name, row.line)};
        if (row.cells.size() != head.cells.size())
            return bad_input("{}: {} cells, the first line names {} columns", wanted.origin, row.cells.size(),
                             head.cells.size())
                .advise("a cell with a comma in it stands in quotes; an empty one still has its comma");
        for (size_t column = 0; column < row.cells.size(); ++column) {
            if (row.cells[column].empty()) continue;
            if (auto good = put(wanted, head.cells[column], row.cells[column]); !good)
                return Failure(good.error().context(fmt::format("{}: column {}", wanted.origin, head.cells[column])));
        }
        if (!wanted.keys.contains("name"))
            return bad_input("{}: column name: it is empty", wanted.origin).advise("every node has a name");
        all.push_back(std::move(wanted));
    }
    return all;
}

Result<std::vector<Wanted>> parse_yaml(std::string_view text, std::string_view file_name) {
    config::Complaints complaints(file_name, text);
    auto root = config::parse_document(text, complaints);
    if (!root) return complaints.error();
    const config::Value* list = root->kind == config::Value::Kind::mapping ? root->find("nodes") : &*root;
    if (list == nullptr || list->kind != config::Value::Kind::list) {
        complaints.add(root->mark, "expected a list of nodes", "`- name: n4` lines, as under nodes: of cluster.yaml");
        return complaints.error();
    }
    std::vector<Wanted> all;
    for (const config::Value& item : list->items) {
        if (item.kind != config::Value::Kind::mapping || item.find("name") == nullptr)
            complaints.add(item.mark, "a node without a name", "`name: n4`");
        all.push_back({.keys = json_of(item), .origin = fmt::format("{}:{}", file_name, item.mark.line)});
    }
    if (!complaints.empty()) return complaints.error();
    if (all.empty()) return bad_input("{} has no node in it", file_name);
    return all;
}

Result<std::vector<Wanted>> read_import(const std::filesystem::path& file) {
    const auto text = TRY(read_file(file, import_limit));
    const std::string end = file.extension().string();
    if (end == ".csv") return parse_csv(text, file.string());
    if (end == ".yaml" || end == ".yml") return parse_yaml(text, file.string());
    return bad_input("{}: neither .csv nor .yaml", file.string()).advise("name it by what it is");
}

}  // namespace pando::nodes
