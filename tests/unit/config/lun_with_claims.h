// SPDX-License-Identifier: GPL-2.0-or-later
// A partition pando-bundle of the cluster `grove` with generations 3 and 4, and the claims of machines that beat or do
// not: what the tests about a lost newest description begin with.
//
//   claim(1, 4);                        // n1 goes by generation 4
//   damage(4);                          // and the LUN has lost it
//   const Beating up(file(), {1});      // it lives until the end of the block
#pragma once

#include "base/fd.h"
#include "base/file.h"
#include "config/register.h"
#include "config/slots.h"
#include "tests/unit/config/sample.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <atomic>
#include <thread>

namespace pando::test {

class LunWithClaims : public testing::Test {
protected:
    void SetUp() override {
        place_.emplace(std::move(*TemporaryDirectory::create("/tmp", "pando-lost")));
        const UniqueFd fd(open(file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        ASSERT_EQ(ftruncate(fd.get(), 16 << 20), 0);
        store_ = std::move(*open_store(file()));
        write(3);
        write(4);
    }
    std::filesystem::path file() const { return place_->path() / "partition"; }

    static config::Bundle bundle(uint64_t generation) {
        return {"grove", generation, {{"cluster.yaml", sample}, {"authkey", std::string(256, 'k')}}};
    }
    void write(uint64_t generation) { ASSERT_TRUE(config::write_slot(*store_, bundle(generation))); }
    void damage(uint64_t generation) {
        const auto slots = config::read_slots(*store_, "grove");
        for (size_t i = 0; i < config::slot_count; ++i)
            if (slots->slots[i].generation == generation) {
                ASSERT_TRUE(store_->write(i * config::slot_size, std::string(Store::block, 'x')));
            }
    }
    void claim(uint32_t id, uint64_t generation, config::ClaimState state = config::ClaimState::up) {
        config::Claim claim;
        claim.id = id;
        claim.node = fmt::format("n{}", id);
        claim.boot = fmt::format("boot of n{}", id);
        claim.state = state;
        claim.generation = generation;
        ASSERT_TRUE(config::write_claim(*store_, claim));
    }

    std::optional<TemporaryDirectory> place_;
    std::unique_ptr<Store> store_;
};

// The machines of these node ids are up: each writes its claim again and again.
class Beating {
public:
    Beating(const std::filesystem::path& file, std::vector<uint32_t> ids)
        : store_(std::move(open_store(file).value())), ids_(std::move(ids)), thread_([this] {
              while (!stop_) {
                  for (const uint32_t id : ids_) {
                      auto claim = config::read_claim(*store_, id);
                      if (!claim || !*claim) continue;
                      ++(*claim)->beat;
                      (void)config::write_claim(*store_, **claim);
                  }
                  (void)poll(nullptr, 0, 5);
              }
          }) {}
    ~Beating() {
        stop_ = true;
        thread_.join();
    }

private:
    std::unique_ptr<Store> store_;
    std::vector<uint32_t> ids_;
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace pando::test
