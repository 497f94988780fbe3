#pragma once

#include "base/json_value.hpp"
#include "flow/study_port.hpp"

#include <string>
#include <vector>

/// Compares what images say about a person with the registered patient, for the page that shows both side by side. Pure.
namespace qiao::flow {

StudyIdentity identity_of(const json::Value& patient);
/// Which of name, id, birth_date, sex differ. A name agrees in Chinese, in pinyin, and with family and given in either order.
std::vector<std::string> identity_differences(const StudyIdentity& study, const json::Value& patient);

}  // namespace qiao::flow
