// SPDX-License-Identifier: GPL-2.0-or-later
// What of the slots needs no bundle to be read: apart, so that a program in RAM carries no more.
#include "config/bundle_header.h"
#include "config/slots.h"

#include <algorithm>

namespace pando::config {

Result<> check_size(const Store& store) {
    if (store.size() >= slot_count * slot_size) return {};
    return fail("{} has {} bytes, the bundle's slots take {}", store.name(), store.size(), slot_count * slot_size)
        .advise("is this the partition pando-bundle of a LUN that pando prepared?");
}

Result<uint64_t> peek_generation(Store& store) {
    TRY(check_size(store));
    uint64_t newest = 0;
    for (size_t i = 0; i < slot_count; ++i)
        if (const auto header = read_header(TRY(store.read(i * slot_size, Store::block))); header)
            newest = std::max(newest, header->generation);
    return newest;
}

}  // namespace pando::config
