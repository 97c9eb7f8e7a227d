"""What serves: requests and replies, the journal, faults and limits, and the service's own interface.

It knows no service of a vendor; the folders of those import it.
"""
