// SPDX-License-Identifier: GPL-2.0-or-later
// pando chroot verify: everything in the chroot is tried where nothing but the chroot is.
#include "base/lock.h"
#include "chroot-builder/proof.h"
#include "cli/command.h"
#include "cli/node_chroot.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <filesystem>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

namespace pando::cli {
namespace {

struct VerifyOptions {
    NodeChrootOptions node;
    bool no_devices = false;
    bool json = false;
};

struct Verified {
    unsigned generation = 0;
    std::vector<std::string> untried;
    chroot::Proof proof;
};

Result<Verified> look(const VerifyOptions& options) {
    const auto node = TRY(NodeChroot::open(options.node));
    // No update may take away what is being tried.
    const auto lock = TRY(FileLock::take(node.path() / ".update.lock", Deadline::after(std::chrono::minutes(2))));
    const auto current = TRY(node.current());
    const auto inside = TRY(Sysroot::open(node.path()));
    // What was copied wrongly is found by reading, before anything is run.
    TRY(chroot::verify_generation(current, node.path()));
    const auto devices = options.no_devices ? chroot::Devices::leave_alone : chroot::Devices::ask;
    const bool configured = inside.exists("etc/corosync/corosync.conf");
    auto trials = chroot::trials_for(current.manifest, node.cluster(), devices, configured);
    const auto space = TRY(chroot::SurvivalNamespace::create(node.path()));
    auto proof = TRY(chroot::prove(space, inside, node.root(), trials.all));
    auto names = chroot::names_to_resolve(node.cluster(), inside.read("etc/hosts").value_or(""));
    std::move(names.begin(), names.end(), std::back_inserter(proof.findings));
    return Verified{current.number, std::move(trials.untried), std::move(proof)};
}

std::string_view kind_of(const chroot::Finding& finding) {
    return finding.kind == chroot::Finding::Kind::missing ? "missing" : "name service";
}

std::string as_json(const Verified& verified) {
    auto trials = nlohmann::ordered_json::array();
    for (const auto& outcome : verified.proof.outcomes)
        trials.push_back({{"trial", outcome.name},
                          {"passed", outcome.passed},
                          {"says", outcome.says},
                          {"milliseconds", outcome.took.count()}});
    auto findings = nlohmann::ordered_json::array();
    for (const auto& finding : verified.proof.findings)
        findings.push_back({{"kind", kind_of(finding)},
                            {"what", finding.what},
                            {"program", finding.program},
                            {"trials", finding.trials},
                            {"package", finding.package}});
    const nlohmann::ordered_json document = {{"holds", verified.proof.holds()},
                                             {"generation", verified.generation},
                                             {"trials", std::move(trials)},
                                             {"untried", verified.untried},
                                             {"findings", std::move(findings)}};
    return document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void print(const chroot::Finding& finding) {
    const std::string trials = fmt::format("{}", fmt::join(finding.trials, "; "));
    const std::string by = fmt::format("by {}{}", finding.program, trials.empty() ? "" : " (" + trials + ")");
    if (finding.kind == chroot::Finding::Kind::name_service) {
        fmt::print("NAME SERVICE   {}: wanted {}; who fences must not depend on one\n", finding.what, by);
        fmt::print("  -> write its address in cluster.yaml\n");
        return;
    }
    fmt::print("MISSING        {}{}: the root has it, the chroot has not; looked for {}\n", finding.what,
               finding.package.empty() ? "" : fmt::format(" (package {})", finding.package), by);
    fmt::print("  -> add it to chroot.programs in cluster.yaml, then: pando chroot update\n");
}

void print(const Verified& verified) {
    size_t passed = 0;
    for (const auto& outcome : verified.proof.outcomes) {
        passed += outcome.passed ? 1 : 0;
        fmt::print("{:5} {:6.2f} s  {}{}{}\n", outcome.passed ? "ok" : "FAIL",
                   static_cast<double>(outcome.took.count()) / 1e3, outcome.name, outcome.says.empty() ? "" : ": ",
                   outcome.says);
    }
    for (const std::string& program : verified.untried)
        fmt::print("-              {}: not started, no harmless way is known\n", program);
    for (const auto& finding : verified.proof.findings) print(finding);
    fmt::print("generation {}: {} of {} trials passed, {} findings\n", verified.generation, passed,
               verified.proof.outcomes.size(), verified.proof.findings.size());
}

}  // namespace

Action declare_chroot_verify(CLI::App& app) {
    auto options = std::make_shared<VerifyOptions>();
    add_options(app, options->node);
    app.add_flag("--no-devices", options->no_devices, "leave the fence devices alone");
    app.add_flag("--json", options->json, "for programs");
    return [options]() -> Result<int> {
        const auto verified = TRY(look(*options));
        if (options->json)
            fmt::print("{}\n", as_json(verified));
        else
            print(verified);
        return verified.proof.holds() ? 0 : 1;
    };
}

}  // namespace pando::cli
