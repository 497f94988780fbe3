#pragma once

#include <functional>
#include <string_view>

/// The boundary around background work: what it throws is logged, by its code, and goes no further. Any thread.
namespace qiao::jobs {

/// @return false when `work` threw
bool attempt(std::string_view name, const std::function<void()>& work);

}  // namespace qiao::jobs
