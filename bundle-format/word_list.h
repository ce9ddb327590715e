// SPDX-License-Identifier: Apache-2.0
// The 256 words of SPEC.md "Words": word n stands for byte n. Part of the format; never change one.
//
// Sorted; four to six letters each; no two begin with the same three letters, and no letter added, dropped or changed
// makes one of another.
#pragma once

#include <array>
#include <string_view>

namespace patchferry {

inline constexpr std::array<std::string_view, 256> kWords = {
    "acorn",  "album",  "amber",  "anchor", "apple",  "arena",  "arrow",  "artist", "aspen",  "atlas",  "attic",  "autumn",
    "avenue", "badge",  "bamboo", "barrel", "basket", "bench",  "birch",  "blade",  "bloom",  "bonus",  "bottle", "branch",
    "bread",  "bridge", "bronze", "brush",  "bubble", "bucket", "butter", "cabin",  "cactus", "camel",  "candle", "carpet",
    "castle", "chalk",  "cheese", "circle", "clock",  "cobalt", "coffee", "copper", "cotton", "cousin", "coyote", "credit",
    "custom", "dance",  "decade", "delta",  "denim",  "desert", "diesel", "dinner", "doctor", "donkey", "dragon", "drum",
    "eagle",  "earth",  "echo",   "editor", "elbow",  "envoy",  "exotic", "fabric", "falcon", "family", "farmer", "ferry",
    "fiddle", "figure", "filter", "finger", "focus",  "folder", "forest", "fossil", "frame",  "fruit",  "funnel", "future",
    "galaxy", "garden", "giant",  "globe",  "goat",   "goose",  "grape",  "grill",  "guitar", "hammer", "hedge",  "helmet",
    "honey",  "hornet", "hotel",  "hunter", "icicle", "idea",   "igloo",  "image",  "insect", "iron",   "island", "ivory",
    "jacket", "jaguar", "jelly",  "jersey", "jigsaw", "juice",  "jungle", "kayak",  "kettle", "kitten", "knight", "koala",
    "ladder", "launch", "lemon",  "liquid", "lizard", "lobby",  "logic",  "magnet", "mango",  "maple",  "marble", "medal",
    "mirror", "mobile", "muffin", "museum", "napkin", "navy",   "nectar", "needle", "nephew", "nickel", "nugget", "nylon",
    "oasis",  "object", "ocean",  "office", "olive",  "onion",  "opera",  "orange", "outfit", "oxygen", "oyster", "palace",
    "panda",  "paper",  "parrot", "pastry", "pebble", "pencil", "permit", "phone",  "piano",  "picnic", "pigeon", "pillow",
    "pirate", "pizza",  "planet", "public", "pulse",  "puppet", "purple", "puzzle", "quartz", "queen",  "quilt",  "rabbit",
    "radar",  "raisin", "rapid",  "raven",  "recipe", "remedy", "rescue", "ribbon", "river",  "robin",  "rubber", "saddle",
    "safari", "salad",  "school", "screen", "shadow", "shield", "signal", "silver", "sketch", "slogan", "smile",  "snail",
    "soccer", "sofa",   "spark",  "spider", "spoon",  "spring", "square", "stable", "stereo", "stone",  "studio", "subway",
    "sugar",  "summer", "sunset", "swamp",  "symbol", "syrup",  "talent", "temple", "tiger",  "toast",  "tomato", "topaz",
    "tower",  "trophy", "tulip",  "turtle", "uncle",  "urban",  "vacuum", "valley", "vault",  "violin", "vision", "volume",
    "voyage", "wagon",  "walnut", "water",  "whale",  "wheel",  "window", "wolf",   "wrist",  "yacht",  "yellow", "yogurt",
    "zebra",  "zenith", "zigzag", "zipper",
};

}  // namespace patchferry
