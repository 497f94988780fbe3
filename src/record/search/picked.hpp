#pragma once

#include "record/search/clause.hpp"

#include <string>
#include <vector>

/// "phone" and "email" as what they ask of "telecom". One thread.
namespace qiao::record {

class Picked {
public:
    /// Of a parameter with a picked_system(). Throws Error(invalid) as the parameter itself would.
    explicit Picked(const Named& named);
    Picked(const Picked&) = delete;
    Picked& operator=(const Picked&) = delete;

    [[nodiscard]] const Named& of_telecom() const { return named_; }

private:
    std::vector<std::string> texts_;
    Named named_;
};

}  // namespace qiao::record
