"""stub"""
from ocsp.request import *
from ocsp.response import *
from ocsp.statuses import *
