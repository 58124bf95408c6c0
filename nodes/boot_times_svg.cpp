// SPDX-License-Identifier: GPL-2.0-or-later
#include "nodes/boot_times.h"

#include "base/printable.h"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace pando::nodes {
namespace {

// Pixels.
constexpr int width = 960, left = 100, plot = 580, row_height = 26, bar_height = 16, top = 108;
constexpr int seconds_at = 770, median_at = 848, difference_at = 936;
constexpr double most_ticks = 10, thinnest = 1.5;
constexpr size_t name_limit = 12, text_limit = 110, tip_limit = 400;  // bytes

// A colour scheme for white and one for dark; who knows no media query sees the one for white, background and all.
constexpr const char* style = R"(<style>
text { font-family: "DejaVu Sans", Verdana, sans-serif; font-size: 12px; fill: #1c2128; }
.title { font-size: 16px; font-weight: bold; }
.dim { fill: #57606a; }
.number { text-anchor: end; }
.slower { fill: #b42318; font-weight: bold; }
.back { fill: #ffffff; }
.grid { stroke: #d8dee4; }
.good { fill: #2f6fb3; }
.failed { fill: #d9534a; }
.slow { fill: #c77700; }
.median { fill: none; stroke: #1c2128; stroke-width: 1.2; stroke-dasharray: 3 2; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .dim { fill: #9aa4af; }
  .slower { fill: #ff8f85; }
  .back { fill: #161b22; }
  .grid { stroke: #343b44; }
  .good { fill: #58a0e8; }
  .failed { fill: #ff7b72; }
  .slow { fill: #e3a23c; }
  .median { stroke: #e6edf3; }
}
</style>
)";

std::string cut(const std::string& text, size_t most) {
    if (text.size() <= most) return plain_text(text, most);
    return plain_text(text, most - 3) + "...";
}

// Text that is safe between tags and in attributes.
std::string xml(std::string_view text) {
    std::string safe;
    for (const char byte : text) {
        switch (byte) {
            case '&':
                safe += "&amp;";
                break;
            case '<':
                safe += "&lt;";
                break;
            case '>':
                safe += "&gt;";
                break;
            case '"':
                safe += "&quot;";
                break;
            case '\'':
                safe += "&apos;";
                break;
            default:
                safe += byte;
        }
    }
    return safe;
}

std::string words(double x, double y, const char* classes, const std::string& text) {
    return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>\n", x, y, classes, xml(text));
}

std::string box(double x, double y, double wide, double high, const char* classes) {
    return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" class=\"{}\"/>\n", x, y,
                       wide, high, classes);
}

// 1, 2 or 5 times a power of ten.
double tick_step(double span) {
    double step = std::pow(10, std::floor(std::log10(span / most_ticks)));
    for (const double factor : {2.0, 2.5, 2.0})
        if (span / step > most_ticks) step *= factor;
    return step;
}

class Drawing {
public:
    explicit Drawing(const BootTimes& times) : times_(times), span_(times.seconds) {
        for (const Part& part : times.parts)
            if (part.median_seconds) span_ = std::max(span_, part.median_begin + *part.median_seconds);
        span_ = std::max(span_, 0.1);
        bottom_ = top + static_cast<int>(times.parts.size()) * row_height;
    }

    std::string text() {
        const int height = bottom_ + 66;
        std::string svg = fmt::format(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
            "role=\"img\">\n<title>{2}</title>\n",
            width, height, xml(title()));
        svg += style + box(0, 0, width, height, "back");
        svg += head() + axis();
        double y = top;
        for (const Part& part : times_.parts) {
            svg += row(part, y);
            y += row_height;
        }
        return svg + legend() + "</svg>\n";
    }

private:
    std::string title() const {
        return cut(fmt::format("{}: up {:.2f} s after its kernel started", times_.node, times_.seconds), text_limit);
    }

    std::string head() const {
        std::string svg = words(20, 32, "title", title());
        svg +=
            words(20, 54, "dim",
                  cut(fmt::format("boot {} of cluster {}, {}, kernel {}, bundle generation {}", times_.number,
                                  times_.cluster, times_.which.when, times_.which.kernel,
                                  times_.which.generation == 0 ? "unknown" : std::to_string(times_.which.generation)),
                      text_limit));
        std::string against = "no boot before it is kept: nothing to compare it with";
        if (!times_.before.empty()) {
            const double median = median_of(times_.before);
            against = fmt::format("median of the {} before it: {:.2f} s, so {:+.2f} s", times_.before.size(), median,
                                  times_.seconds - median);
        }
        svg += words(20, 72, "dim", against);
        svg += words(seconds_at, top - 12, "number dim", "seconds");
        svg += words(median_at, top - 12, "number dim", "median");
        return svg + words(difference_at, top - 12, "number dim", "difference");
    }

    double x_of(double seconds) const { return left + seconds / span_ * plot; }

    std::string axis() const {
        std::string svg;
        const double step = tick_step(span_);
        for (int i = 0; i * step <= span_ * 1.0001; ++i) {
            const double x = x_of(i * step);
            svg += fmt::format("<line x1=\"{0:.1f}\" y1=\"{1}\" x2=\"{0:.1f}\" y2=\"{2}\" class=\"grid\"/>\n", x,
                               top - 4, bottom_ + 4);
            svg += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\" class=\"dim\">{:g} s</text>\n", x,
                               bottom_ + 20, i * step);
        }
        return svg;
    }

    std::string row(const Part& part, double y) const {
        const double middle = y + row_height / 2.0 + 4, bar = y + (row_height - bar_height) / 2.0;
        std::string svg = fmt::format("<g>\n<title>{}</title>\n", xml(tip(part)));
        svg += words(left - 10, middle, "number", cut(part.name, name_limit));
        for (const Try& tried : part.tries)
            svg += box(x_of(tried.begin), bar, std::max(thinnest, x_of(tried.end) - x_of(tried.begin)), bar_height,
                       tried.failed    ? "failed"
                       : part.slower() ? "slow"
                                       : "good");
        svg += words(seconds_at, middle, "number", fmt::format("{:.2f}", part.seconds));
        if (part.median_seconds) {
            if (*part.median_seconds > 0)
                svg += box(x_of(part.median_begin), bar - 3,
                           std::max(thinnest, x_of(part.median_begin + *part.median_seconds) - x_of(part.median_begin)),
                           bar_height + 6, "median");
            svg += words(median_at, middle, "number dim", fmt::format("{:.2f}", *part.median_seconds));
            svg += words(difference_at, middle, part.slower() ? "number slower" : "number",
                         difference_text(part.seconds, *part.median_seconds));
        }
        return svg + "</g>\n";
    }

    static std::string tip(const Part& part) {
        std::string text =
            fmt::format("{}: {:.3f} s from {:.3f} s on, {} {}", part.name, part.seconds, part.tries.front().begin,
                        part.tries.size(), part.tries.size() == 1 ? "span" : "spans");
        if (!part.last_error.empty()) text += "; failed with: " + part.last_error;
        return cut(text, tip_limit);
    }

    std::string legend() const {
        const double y = bottom_ + 48, box_y = y - 11;
        std::string svg;
        double x = left;
        const auto entry = [&](const char* classes, const char* text, double wide) {
            svg += box(x, box_y, 20, 12, classes) + words(x + 27, y, "dim", text);
            x += wide;
        };
        entry("good", "this boot", 125);
        entry("slow", "slower by more than 20 % and 1 s", 285);
        entry("failed", "a try that failed", 160);
        if (!times_.before.empty()) entry("median", "median of the boots before", 0);
        return svg;
    }

    const BootTimes& times_;
    double span_;  // seconds from left to right
    int bottom_;
};

}  // namespace

std::string to_svg(const BootTimes& times) { return Drawing(times).text(); }

}  // namespace pando::nodes
