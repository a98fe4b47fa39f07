"""The worker: claims tasks, gives each a private folder, runs its programs and keeps what they say."""
