#pragma once

#include "app/centre.hpp"

/// `qiao demo`: makes the demo network on an empty data folder, then stays out of the way.
namespace qiao::app::demo {

/// Does nothing when the network is there. Called by main before the server listens; takes some seconds the first time.
void prepare(Centre& centre);

}  // namespace qiao::app::demo
