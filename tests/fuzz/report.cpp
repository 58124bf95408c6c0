// SPDX-License-Identifier: GPL-2.0-or-later
// Datagrams as anybody on the network can send them, and as a node with the key could: half of the inputs get a right
// header and signature, so that what is behind is reached. And snapshots, which are files.
#include "base/printable.h"
#include "report/collector.h"
#include "report/view.h"
#include "tests/fuzz/driver.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace pando::fuzz {
namespace {

using namespace pando::report;

Plan plan() {
    Plan plan;
    plan.cluster = "grove";
    plan.key = *report_key(std::string(128, 'k'), "grove");
    plan.nodes = {{"n1", 1, "10.0.0.11", ""}, {"n2", 2, "10.0.0.12", ""}};
    return plan;
}

const Plan the_plan = plan();

std::string with_header(std::string_view body, bool is_signed) {
    std::string out = "PNDR\x01";
    out += is_signed ? '\x01' : '\0';
    out += static_cast<char>(body.size() & 0xffU);
    out += static_cast<char>(body.size() >> 8U & 0xffU);
    out.append(16, 'b');
    out.append(the_plan.key.mark.begin(), the_plan.key.mark.end());
    out.append(16, '\x11');
    out += body;
    if (!is_signed) return out;
    std::string signature(32, '\0');
    unsigned size = 0;
    HMAC(EVP_sha256(), the_plan.key.secret.data(), static_cast<int>(the_plan.key.secret.size()),
         reinterpret_cast<const unsigned char*>(out.data()), out.size(),
         reinterpret_cast<unsigned char*>(signature.data()), &size);
    return out + signature;
}

bool plain(const std::string& text) { return text.size() <= 320 && plain_text(text, text.size()) == text; }

std::string look_at_report(const Report& report) {
    for (const std::string* text : {&report.node, &report.mac, &report.serial, &report.stage.error, &report.fencing,
                                    &report.stage.name, &report.fault, &report.chroot, &report.root})
        if (!plain(*text)) return "a text of a report is not plain";
    return {};
}

std::string look_at_datagram(std::string_view datagram) {
    if (const auto packet = decode(datagram, the_plan.key)) {
        if (auto broken = look_at_report(packet->report); !broken.empty()) return broken;
        const auto again = decode(encode(*packet, &the_plan.key), the_plan.key);
        if (!again) return "what was read cannot be sent";
    }
    Collector collector(the_plan, "b");
    collector.take(datagram, "10.0.0.66", {Milliseconds(1000), 0x1111'1111'1111'1111U});
    const Snapshot snapshot = collector.snapshot(Milliseconds(2000));
    if (snapshot.heard.size() + snapshot.unverified.size() > 1) return "one packet is two";
    if (!snapshot_of(report::to_text(snapshot))) return "a snapshot cannot be read again";
    for (const char c : report::to_text(view_of(snapshot, {Milliseconds(2000), "b"}), 80))
        if (c != '\n' && (c < ' ' || c > '~')) return "the table has what is not ASCII";
    return {};
}

}  // namespace

std::vector<std::string> seeds() {
    return {
        R"({"state":"booted","node":"n1","votes":{"quorate":true,"present":2,"expected":2,"needed":1},"root":"mounted","generation":7})",
        R"({"state":"failed","node":"n2","stage":{"name":"join","number":9,"count":12,"error":"no quorum","advice":"start n1"}})",
        R"({"state":"booting","mac":"52:54:00:00:00:01","serial":"S","stage":{"name":"bootstrap","seconds":4}})",
        with_header(R"({"state":"left","node":"n1"})", true),
        R"({"version":1,"cluster":"grove","generation":7,"boot":"b","written_ms":5,"nodes":["n1"],"heard":{"n1":{"last_ms":1,"from":"x","report":{"state":"booted"}}},"unverified":[],"dropped":{"garbage":1}})"};
}

std::vector<std::string> words() {
    return {"\"state\":",
            "\"booted\"",
            "\"node\":\"n1\"",
            "\"votes\":{",
            "\"stage\":",
            "[",
            "]",
            "{",
            "}",
            "null",
            "-1",
            "1e999",
            "18446744073709551616",
            "\\u0000",
            "\\ud800",
            "\x1b[31m",
            "\xff",
            "PNDR\x01"};
}

std::string look_at(std::string_view input) {
    std::string broken = look_at_datagram(input);
    if (broken.empty()) broken = look_at_datagram(with_header(input.substr(0, 1100), true));
    if (broken.empty()) broken = look_at_datagram(with_header(input.substr(0, 1100), false));
    if (const auto snapshot = snapshot_of(input); snapshot && broken.empty())
        for (const char c : report::to_text(view_of(*snapshot, {Milliseconds(2000), "b"}), 80))
            if (c != '\n' && (c < ' ' || c > '~')) return "the table has what is not ASCII";
    return broken;
}

}  // namespace pando::fuzz
