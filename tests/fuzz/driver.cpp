// SPDX-License-Identifier: GPL-2.0-or-later
// Mutates seeds, deterministically, and looks at the results until the rounds or the seconds are over. The input in
// hand is on disk before it is looked at: a crash leaves it behind.
#include "tests/fuzz/driver.h"

#include "base/file.h"

#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <random>

namespace {

using Clock = std::chrono::steady_clock;
using Random = std::mt19937_64;

size_t below(Random& random, size_t bound) { return bound == 0 ? 0 : random() % bound; }

// One small change: what people, disks and attackers do to a file.
void mutate(std::string& text, Random& random, const std::vector<std::string>& corpus,
            const std::vector<std::string>& words) {
    constexpr size_t longest = 64U << 10U;
    const size_t at = below(random, text.size() + 1);
    const size_t length = below(random, std::min<size_t>(text.size() - at, 64) + 1);
    switch (below(random, 9)) {
        case 0:  // flip a bit
            if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << below(random, 8)));
            break;
        case 1:  // any byte
            text.insert(at, 1, static_cast<char>(random()));
            break;
        case 2:  // remove a piece
            text.erase(at, length);
            break;
        case 3: {  // repeat a piece
            const std::string piece = text.substr(at, length);
            for (size_t i = below(random, 20); i > 0 && text.size() < longest; --i) text.insert(at, piece);
            break;
        }
        case 4:  // cut off
            if (below(random, 4) == 0) text.resize(at);
            break;
        case 5:  // a word of the language
            text.insert(at, words[below(random, words.size())]);
            break;
        case 6: {  // a word in place of another
            const size_t begin = text.find_first_not_of(" \n:,[]{}\"", at);
            if (begin == std::string::npos) break;
            const size_t end = std::min(text.find_first_of(" \n:,[]{}\"", begin), text.size());
            text.replace(begin, end - begin, words[below(random, words.size())]);
            break;
        }
        case 7: {  // a piece of another seed
            const std::string& other = corpus[below(random, corpus.size())];
            text.insert(at, other.substr(below(random, other.size() + 1), below(random, 200)));
            break;
        }
        default: {  // move a piece
            const std::string piece = text.substr(at, length);
            text.erase(at, length);
            text.insert(below(random, text.size() + 1), piece);
        }
    }
    if (text.size() > longest) text.resize(longest);
}

std::string input_file;  // for the handler below

// Not every crash unwinds: say where the input is with what is allowed in a signal handler.
void crashed(int signal) {
    constexpr std::string_view text = "crashed; the input is in the file ";
    (void)!write(STDERR_FILENO, text.data(), text.size());
    (void)!write(STDERR_FILENO, input_file.data(), input_file.size());
    (void)!write(STDERR_FILENO, "\n", 1);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
}

int failed(const std::string& what) {
    fmt::print(stderr, "{}\nthe input is in the file {}\n", what, input_file);
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    uint64_t rounds = 1000;
    uint64_t seed = 1;
    uint64_t seconds = 0;
    std::string replay;
    CLI::App app("feeds a parser with mutated input");
    app.add_option("--rounds", rounds, "inputs to look at")->capture_default_str();
    app.add_option("--seconds", seconds, "go on for so long instead");
    app.add_option("--seed", seed, "of the random numbers")->capture_default_str();
    app.add_option("INPUT", replay, "look at this file only");
    CLI11_PARSE(app, argc, argv);

    if (!replay.empty()) {
        const auto text = pando::read_file(replay);
        if (!text) return failed(text.error().what);
        input_file = replay;
        const std::string broken = pando::fuzz::look_at(*text);
        return broken.empty() ? 0 : failed(broken);
    }

    input_file = fmt::format("/tmp/pando-fuzz-{}.input", getpid());
    for (const int signal : {SIGSEGV, SIGABRT, SIGFPE, SIGBUS}) std::signal(signal, crashed);

    const auto corpus = pando::fuzz::seeds();
    const auto words = pando::fuzz::words();
    Random random(seed);
    const auto start = Clock::now();
    const auto over = [&](uint64_t done) {
        return seconds > 0 ? Clock::now() - start > std::chrono::seconds(seconds) : done >= rounds;
    };
    uint64_t done = 0;
    uint64_t slowest = 0;  // milliseconds
    for (; !over(done); ++done) {
        // The seeds themselves come first.
        std::string text = corpus[done < corpus.size() ? done : below(random, corpus.size())];
        if (done >= corpus.size())
            for (size_t changes = 1 + below(random, 8); changes > 0; --changes) mutate(text, random, corpus, words);

        std::FILE* file = std::fopen(input_file.c_str(), "we");
        if (file == nullptr || std::fwrite(text.data(), 1, text.size(), file) != text.size())
            return failed("cannot write the input");
        std::fclose(file);

        const auto before = Clock::now();
        std::string broken;
        try {
            broken = pando::fuzz::look_at(text);
        } catch (const std::exception& error) {
            broken = fmt::format("an exception came out: {}", error.what());
        }
        const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - before).count();
        slowest = std::max(slowest, static_cast<uint64_t>(took));
        if (broken.empty() && took > 20'000) broken = fmt::format("it took {} ms", took);
        if (!broken.empty()) return failed(fmt::format("round {} of seed {}: {}", done, seed, broken));
    }
    std::remove(input_file.c_str());
    fmt::print("{} inputs, seed {}, the slowest took {} ms\n", done, seed, slowest);
    return 0;
}
