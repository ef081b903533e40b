package overview

// Channels are the largest channels of a cluster that match a search.
type Channels struct {
	// Matching is how many there are; Channels are the largest of them.
	Matching int       `json:"matching"`
	Channels []Channel `json:"channels"`
}

// A Channel is how large a channel is.
type Channel struct {
	Name string `json:"name"`
	// Members are present, through any gateway; Typing of them type.
	Members int `json:"members"`
	Typing  int `json:"typing"`
	// Connections are those of the gateway that answers.
	Connections int `json:"connections"`
}

// A ChannelDetail is who is in a channel.
type ChannelDetail struct {
	Name        string `json:"name"`
	MemberCount int    `json:"memberCount"`
	// Members and Typing are in order; Truncated says that there are more.
	Members   []string `json:"members"`
	Typing    []string `json:"typing"`
	Truncated bool     `json:"truncated"`
	// Connections are those of the gateway that answers.
	Connections int `json:"connections"`
}
