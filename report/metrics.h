// SPDX-License-Identifier: GPL-2.0-or-later
// What the reports tell, for Prometheus: the text format that its node exporter reads from a file. The file is written
// into memory, so that it tells of a root that is frozen while it is (docs/metrics.md).
//
//   write_file_atomic(metrics_file, to_metrics(view_of(snapshot, reader), snapshot), 0644);
#pragma once

#include "report/view.h"

#include <string_view>
#include <vector>

namespace pando::report {

constexpr const char* metrics_file = "/run/pando/metrics/pando.prom";                 // of a node, about that node
constexpr const char* server_metrics_file = "/run/pando-collect/metrics/pando.prom";  // of a boot server, about all

// A row for each: docs/metrics.md has the same ones.
struct Metric {
    std::string_view name, type, help;
};
const std::vector<Metric>& metrics();

// Those of the nodes in the view; `only`: of this one. What is not known of a node is left out.
std::string to_metrics(const View& view, const Snapshot& snapshot, std::string_view only = {});

// The seconds that each stage of a boot took, behind what to_metrics() gives.
struct StageTime {
    std::string stage;
    double seconds = 0;
};
std::string stage_metrics(std::string_view node, const std::vector<StageTime>& stages);

}  // namespace pando::report
