"""The edge that runs tasks: claims them, lays them out, runs their programs and stores what they say."""
