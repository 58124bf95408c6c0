// SPDX-License-Identifier: GPL-2.0-or-later
// The inventory as a tree of JSON: what is printed, stored and compared is made of this one.
#pragma once

#include "hwdetect/inventory.h"

#include <nlohmann/json.hpp>

namespace pando::hwdetect {

nlohmann::ordered_json as_json(const Inventory& inventory);

}  // namespace pando::hwdetect
